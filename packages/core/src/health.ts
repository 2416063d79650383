import type { PoolCounts } from './errors/pool-exhausted-error.js'
import type { BreakerState } from './events/events.js'
import type { Toolkit } from './store/toolkit.js'

/** How one adapter is. */
export interface AdapterHealth {
  /** Whether a ping sent now was answered in time. */
  readonly ok: boolean
  /** Of that ping, in milliseconds; `undefined` when none came back. */
  readonly roundTripMs: number | undefined
  /** Of the circuit breaker around it. */
  readonly breaker: BreakerState
  /** Calls sent to the adapter so far, by method. */
  readonly calls: Readonly<Record<string, number>>
  /** Its connections, and who waits for them; `undefined` for an adapter without a pool. */
  readonly pool: PoolCounts | undefined
  /** Why it is not ok. */
  readonly error?: unknown
}

/** How a toolkit's store is. */
export interface Health {
  /** Whether every adapter is. */
  readonly ok: boolean
  /** By the adapter's name. */
  readonly adapters: Readonly<Record<string, AdapterHealth>>
}

/** Asks each adapter of a toolkit how it is. Never rejects, and takes no longer than one budget. */
export function createHealth(toolkit: Toolkit): () => Promise<Health> {
  return async () => {
    const { store } = toolkit.context()
    const answer = await store
      .call('ping', true, (to, call) => to.ping(call))
      .then(
        (roundTripMs) => ({ ok: true, roundTripMs }),
        (error: unknown) => ({ ok: false, roundTripMs: undefined, error }),
      )
    const adapter = {
      ...answer,
      breaker: store.breaker.state,
      calls: { ...store.calls },
      pool: store.adapter.counts?.(),
    }
    return { ok: answer.ok, adapters: { [store.adapter.name]: adapter } }
  }
}
