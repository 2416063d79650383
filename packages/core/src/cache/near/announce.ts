import { randomId } from '../../keys/random.js'
import type { Engine } from '../engine.js'
import { STAMP_TTL_MS } from '../stamps.js'
import { evictedKeysStamp, evictionChannel } from './names.js'

/**
 * Tells the near tiers of other processes what was evicted, by one more command: a message where the adapter can publish,
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
    const { publish } = store.adapter
    if (publish) {
      const message = writeEviction({ from: engine.near?.id ?? '', keys: own, stampKeys })
      await store.call('publish', true, (to) => (to.publish as typeof publish)(evictionChannel(namespace), message))
    } else if (own.length) {
      await store.set(evictedKeysStamp(namespace), randomId(), { ttlMs: STAMP_TTL_MS })
    }
  } catch (error) {
    events.emit({ type: 'fallback', operation: 'bus', prefix: '$near', error })
  }
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
