import type { Listener, Subscription } from '../../adapter/adapter.js'
import type { Engine } from '../engine.js'
import { readEviction } from './announce.js'
import { evictionChannel } from './names.js'
import type { Near, News } from './near.js'

/** How long to wait before another attempt, where the adapter does not come back by itself. */
const RETRY_MS = 1_000

/**
 * News by messages. While the connection stands, entries are good for their ttl; when it breaks, everything is forgotten
 * at once, for what was said meanwhile is said to nobody, and nothing is kept until messages arrive again.
 */
export function connectToBus(engine: Engine, near: Near): News {
  const { store, namespace, events, monotonicMs } = engine.context
  const channels = [evictionChannel(namespace)]
  let current: object | undefined
  let subscription: Subscription | undefined
  let retryAtMs = Number.NEGATIVE_INFINITY
  let isClosed = false
  let isLost = false

  function receive(message: string): void {
    const eviction = readEviction(message)
    // Whatever it was about, it was an eviction.
    if (!eviction) near.drop()
    else if (eviction.from !== near.id) near.hear([...eviction.keys, ...eviction.stampKeys])
  }

  function lose(): void {
    if (near.validUntilAtMs > 0) {
      isLost = true
      events.emit({ type: 'bus', state: 'disconnected', channels })
    }
    near.validUntilAtMs = Number.NEGATIVE_INFINITY
    near.drop()
    retryAtMs = monotonicMs() + RETRY_MS
  }

  function gain(): void {
    if (isLost) events.emit({ type: 'bus', state: 'reconnected', channels })
    isLost = false
    near.validUntilAtMs = Number.POSITIVE_INFINITY
    retryAtMs = Number.POSITIVE_INFINITY
  }

  /** Never rejects. */
  async function connect(): Promise<void> {
    const mine = {}
    current = mine
    retryAtMs = Number.POSITIVE_INFINITY
    const ifCurrent =
      <Args extends unknown[]>(act: (...args: Args) => void) =>
      (...args: Args) => {
        if (current === mine) act(...args)
      }
    const listener: Listener = {
      holdsProcess: false,
      onMessage: ifCurrent(receive),
      onDisconnect: ifCurrent(lose),
      onReconnect: ifCurrent(gain),
    }
    const ended = subscription
    try {
      const opened = await (store.adapter.subscribe as Subscribe)(channels, listener)
      if (current !== mine) return await opened.unsubscribe()
      subscription = opened
      gain()
      await ended?.unsubscribe()
    } catch (error) {
      if (current !== mine) return
      lose()
      events.emit({ type: 'fallback', operation: 'bus', prefix: '$near', error })
    }
  }

  return {
    attend() {
      if (near.validUntilAtMs > 0 || isClosed || monotonicMs() < retryAtMs) return
      void connect()
    },
    beginRead: () => near.validUntilAtMs > 0 && (() => true),
    async close() {
      isClosed = true
      current = undefined
      near.validUntilAtMs = Number.NEGATIVE_INFINITY
      near.drop()
      subscription?.unsubscribe().catch(() => {})
    },
  }
}

type Subscribe = (channels: readonly string[], listener: Listener) => Promise<Subscription>
