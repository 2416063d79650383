import { globToRegExp } from '../keys/glob.js'
import type { Channels, Listener, Subscription } from './adapter.js'

// What the memory adapter needs for patterns and channels, loaded by the first call that has one.

/** Those of the keys that fit a glob. */
export function filterBy(pattern: string, keys: Iterable<string>): string[] {
  const fits = globToRegExp(pattern)
  return Array.from(keys).filter((key) => fits.test(key))
}

/** Publish and subscribe inside one process. */
export interface MemoryChannels {
  publish(channel: string, message: string): number
  subscribe(channels: Channels, listener: Listener): Subscription
}

export function createChannels(): MemoryChannels {
  const subscriptions = new Set<{ fits(channel: string): boolean; listener: Listener }>()
  return {
    publish(channel, message) {
      const reached = [...subscriptions].filter(({ fits }) => fits(channel))
      // Not before `publish` returns: a network would not either.
      for (const { listener } of reached) queueMicrotask(() => listener.onMessage(message, channel))
      return reached.length
    },
    subscribe(channels, listener) {
      const patterns = 'patterns' in channels && channels.patterns.map(globToRegExp)
      const fits = (channel: string) =>
        patterns ? patterns.some((each) => each.test(channel)) : (channels as readonly string[]).includes(channel)
      const subscription = { fits, listener }
      subscriptions.add(subscription)
      return {
        async unsubscribe() {
          subscriptions.delete(subscription)
        },
      }
    },
  }
}
