import { expect, vi } from 'vitest'
import {
  type Adapter,
  createLarder,
  type Larder,
  type LarderEvent,
  type LarderOptions,
  type Listener,
  memory,
} from '../../src/index.js'
import { type CountingAdapter, counting, type FakeClock, fakeClock } from '../../src/testing/index.js'

export interface Process extends Larder {
  readonly adapter: CountingAdapter
  /** Its events so far. */
  readonly told: LarderEvent[]
}

/** Processes that share a store and have a fake clock in common. */
export interface Processes {
  readonly clock: FakeClock
  readonly store: Adapter
  /** One more process. */
  start(options?: LarderOptions): Process
}

export function startProcesses(base?: (store: Adapter) => Adapter): Processes {
  const clock = fakeClock()
  const store = memory({ now: clock.now })
  return {
    clock,
    store,
    start(options = {}) {
      const adapter = counting(options.adapter ?? base?.(store) ?? store)
      const told: LarderEvent[] = []
      const larder = createLarder({ now: clock.now, ...options, adapter, onEvent: (event) => told.push(event) })
      return { ...larder, adapter, told }
    },
  }
}

/** The same store without pub/sub, as HTTP is on Workers. */
export function withoutBus(store: Adapter): Adapter {
  const { publish: _publish, subscribe: _subscribe, ...rest } = store
  return { ...rest, name: 'http', capabilities: { ...store.capabilities, subscribe: false } }
}

/** The same store behind a connection that the test breaks and mends. */
export function breakable(store: Adapter) {
  const listeners = new Set<Listener>()
  let refuses = false
  const adapter: Adapter = {
    ...store,
    async subscribe(channels, listener) {
      if (refuses) throw new Error('connection refused')
      // What is said while nobody is connected is lost.
      let isConnected = true
      const watched: Listener = {
        onMessage: (message, channel) => isConnected && listener.onMessage(message, channel),
        onDisconnect() {
          isConnected = false
          listener.onDisconnect?.()
        },
        onReconnect() {
          isConnected = true
          listener.onReconnect?.()
        },
      }
      listeners.add(watched)
      const subscription = await (store.subscribe as NonNullable<Adapter['subscribe']>)(channels, watched)
      return {
        async unsubscribe() {
          listeners.delete(watched)
          await subscription.unsubscribe()
        },
      }
    },
  }
  return {
    adapter,
    refuse(value: boolean) {
      refuses = value
    },
    disconnect() {
      for (const listener of listeners) listener.onDisconnect?.()
    },
    reconnect() {
      for (const listener of listeners) listener.onReconnect?.()
    },
    get subscriptions() {
      return listeners.size
    },
  }
}

/** Calls until the near tier answers: it does not before its subscription is there. */
export async function warm(process: Process, call: () => Promise<unknown>): Promise<void> {
  const check = async () => {
    const before = process.cache.stats().nearHits
    await call()
    expect(process.cache.stats().nearHits).toBeGreaterThan(before)
  }
  await vi.waitFor(check, { timeout: 20_000 })
}

/** How many hits of the near tier `act` brings. */
export async function nearHits(process: Process, act: () => Promise<unknown>): Promise<number> {
  const before = process.cache.stats().nearHits
  await act()
  return process.cache.stats().nearHits - before
}
