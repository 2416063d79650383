import type { Adapter } from '../../adapter/adapter.js'
import { randomId } from '../../keys/random.js'
import type { Engine } from '../engine.js'
import { STAMP_TTL_MS } from '../lifetimes.js'
import { evictedKeysStamp, evictionChannel } from './names.js'

/**
 * Tells the near tiers of other processes what was evicted, by one more command: a message where subscriptions can stand,
 * else another word where they look once in a while, and that only for keys, since stamps are words themselves.
 *
 * To be called when the store has the eviction, and not before: who is told sooner may read the old entry once more, and
 * keep it. Never rejects: the eviction has succeeded, and a near tier that was not told forgets by its own ttl.
 */
export async function announce(engine: Engine, keys: readonly string[], stampKeys: readonly string[]): Promise<void> {
  const { store, namespace, events } = engine.context
  // No near tier holds what was stored by a key of the application's own.
  const own = keys.filter((key) => !key.startsWith(`${namespace}:$`))
  if (own.length + stampKeys.length === 0) return
  try {
    if (hasBus(store.adapter)) {
      const message = writeEviction({ from: engine.near?.id ?? '', keys: own, stampKeys })
      const channel = evictionChannel(namespace)
      await store.call('publish', true, (to) => (to.publish as NonNullable<typeof to.publish>)(channel, message))
    } else if (own.length) {
      // Not by `store.set`: while evictions wait to be tried again, that waits for them, and they wait for this.
      await store.call('set', true, (to, call) =>
        to.set(evictedKeysStamp(namespace), randomId(), Object.assign(call, { ttlMs: STAMP_TTL_MS })),
      )
    }
  } catch (error) {
    events.emit({ type: 'fallback', operation: 'bus', prefix: '$near', error })
  }
}

/** Whether near tiers over this adapter hear of evictions by message. Both sides have to see it alike. */
export function hasBus({ capabilities }: Adapter): boolean {
  return capabilities.subscribe && capabilities.standingSubscriptions !== false
}

/** An eviction, as it travels. */
export interface Eviction {
  /** Whose: a process need not be told of its own. */
  readonly from: string
  readonly keys: readonly string[]
  readonly stampKeys: readonly string[]
}

const VERSION = 1

export function writeEviction({ from, keys, stampKeys }: Eviction): string {
  return JSON.stringify([VERSION, from, keys, stampKeys])
}

/** @returns `undefined` for what is no eviction, or of a version to come */
export function readEviction(message: string): Eviction | undefined {
  try {
    const [version, from, keys, stampKeys] = JSON.parse(message)
    const areLists = Array.isArray(keys) && Array.isArray(stampKeys)
    return version === VERSION && areLists ? { from, keys, stampKeys } : undefined
  } catch {
    return undefined
  }
}
