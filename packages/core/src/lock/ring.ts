import type { Adapter } from '../adapter/adapter.js'
import { shared } from '../platform/shared.js'

/** Told when a lock was released. `message` as in {@link ring}. */
export type OnRing = (message: string) => void

/** Who waits in this process, by the channel on which a lock's releases are told. */
type Listeners = Map<string, Set<OnRing>>

let found: WeakMap<Adapter, Listeners> | undefined

/** Those who wait, by store. All copies of this package, and all toolkits over an adapter, have them in common. */
function rings(): WeakMap<Adapter, Listeners> {
  found ??= shared('rings', () => new WeakMap<Adapter, Listeners>())
  return found
}

/**
 * Tells those who wait in this process that a lock was released. Those in others are told by the store.
 * @param message the lock's fence; behind a space, the tokens of those whose turn it is, where there is a queue; nothing
 * when a release may have been missed
 */
export function ring(adapter: Adapter, channels: readonly string[], message: string): void {
  const listeners = rings().get(adapter)
  if (!listeners?.size) return
  for (const channel of channels) for (const listener of listeners.get(channel) ?? []) listener(message)
}

/** Has `onRing` told of what {@link ring} says. @returns what ends it */
export function hear(adapter: Adapter, channels: readonly string[], onRing: OnRing): () => void {
  const listeners: Listeners = rings().get(adapter) ?? new Map()
  rings().set(adapter, listeners)
  for (const channel of channels) listeners.set(channel, (listeners.get(channel) ?? new Set()).add(onRing))
  return () => {
    for (const channel of channels) {
      const own = listeners.get(channel)
      own?.delete(onRing)
      if (own?.size === 0) listeners.delete(channel)
    }
  }
}
