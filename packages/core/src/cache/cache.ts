import type { Any } from '../decorate/types.js'
import { invalidOption, UsageError } from '../errors/usage-error.js'
import { escapeGlob } from '../keys/escape-glob.js'
import { directKey, namespaceStamp } from '../keys/layout.js'
import type { Serializer } from '../serialize/serializer.js'
import type { Toolkit } from '../store/toolkit.js'
import { type Duration, toMs } from '../time/duration.js'
import { tagKeys } from './cached-call.js'
import { type CacheStats, engineOf, type Place } from './engine.js'
import { entryTags, readEntry } from './entry.js'
import { abandonFlights, evict } from './evict.js'
import { put } from './put.js'
import { readThrough } from './read-through.js'

/** What `cache.set` and `cache.getOrSet` can be told. */
export interface StoreOptions {
  /** How long the value may be served. More than 0. */
  readonly ttl: Duration
  /** Names under which it can be evicted together with others. */
  readonly tags?: readonly string[]
}

/**
 * The cache without decorators: values under keys of your own. Keys are literal text and never meet those of cached
 * methods. Reads never reject for the store's sake: `get` gives `undefined`, `getOrSet` loads. Writes and evictions
 * resolve once the store has them, and reject with `StoreError` otherwise. A failed eviction is tried again before this
 * process next reads or fills its cache.
 *
 * @example
 * await cache.set('greeting', 'hello', { ttl: '5m', tags: ['texts'] })
 * const greeting = await cache.get<string>('greeting')
 * const rate = await cache.getOrSet('rate:eur', () => db.rates.today('eur'), { ttl: '1h' })
 * await cache.evictTags('texts')
 */
export interface Cache {
  /**
   * The value, or `undefined` for none: also when the store fails. A stored `null` comes back as `null`. One command; a
   * tagged entry takes one more.
   */
  get<Value = Any>(key: string): Promise<Value | undefined>
  /** The values in the order of `keys`, `undefined` where there is none, by one command while no entry has tags. */
  getMany<Value = Any>(keys: readonly string[]): Promise<(Value | undefined)[]>
  /**
   * Stores a value, whatever is there.
   * @throws UncacheableValueError when it cannot come back as it is; StoreError; UsageError for a `ttl` of 0
   */
  set(key: string, value: unknown, options: StoreOptions): Promise<void>
  /**
   * The stored value, else what `load` gives, which is then stored, `null` and `undefined` too. Concurrent calls of this
   * process share one `load`, whose own error comes through. When the store fails, `load` runs.
   */
  getOrSet<Value>(key: string, load: () => Promise<Value>, options: StoreOptions): Promise<Value>
  /** Evicts by key: one command each, in one round trip. @throws StoreError */
  delete(keys: string | readonly string[]): Promise<void>
  /** Evicts everything under the tags, of cached methods too: one command each, however many entries. @throws StoreError */
  evictTags(tags: string | readonly string[]): Promise<void>
  /**
   * Deletes the entries whose key fits a Redis glob (`*`, `?`, `[a-z]`, `\` escapes) by walking the whole store. A
   * load under way in another process may store one afterwards: prefer tags. Takes a minute at most.
   * @returns how many were deleted. @throws StoreError: some may be deleted then
   */
  deleteMatching(glob: string): Promise<number>
  /** Evicts everything in the namespace, of cached methods too, by one command. @throws StoreError */
  clear(): Promise<void>
  /** What became of the calls of this toolkit in this process, those of cached methods included. A copy. */
  stats(): CacheStats
}

/** The most milliseconds of a deletion that has to walk the store. */
const WALK_BUDGET_MS = 60_000
const PREFIX = '$kv'

export function createCache(toolkit: Toolkit): Cache {
  const engine = () => engineOf(toolkit.context())

  function place(key: string, options?: StoreOptions): Place {
    if (typeof key !== 'string') throw invalidOption('key', 'must be a string')
    const { namespace, store, serializer, events } = toolkit.context()
    const ttlMs = options && toMs(options.ttl, 'ttl', 1)
    const tags = options?.tags ?? []
    return {
      key: directKey(namespace, key),
      stampKeys: [namespaceStamp(namespace), ...tagKeys(namespace, tags)],
      tags,
      policy: {
        prefix: PREFIX,
        budgetMs: store.budgetMs,
        serializer,
        ttlMs: () => ttlMs as number,
        onUncacheable: (error) => events.emit({ type: 'uncacheable', prefix: PREFIX, error }),
      },
    }
  }

  /** Entries carry the tags that a reader by key does not know; their stamps take a second read. */
  async function getMany(keys: readonly string[]): Promise<Any[]> {
    const { namespace, store, serializer, events, now } = toolkit.context()
    const places = keys.map((key) => place(key).key)
    try {
      const [stamp = null, ...texts] = await store.read([namespaceStamp(namespace), ...places])
      const tags = [...new Set(texts.flatMap((text) => tagKeys(namespace, entryTags(text))))]
      const found = tags.length ? await store.read(tags) : []
      return await Promise.all(
        texts.map((text, i) => {
          const own = tagKeys(namespace, entryTags(text)).map((tag) => found[tags.indexOf(tag)] as string | null)
          const entry = readEntry([text, stamp, ...own], now())
          return typeof entry === 'string' ? undefined : readPayload(serializer, entry.payload, places[i] as string)
        }),
      )
    } catch (error) {
      if (error instanceof UsageError) throw error
      events.emit({ type: 'fallback', operation: 'cache', prefix: PREFIX, error })
      return keys.map(() => undefined)
    }
  }

  const list = (items: string | readonly string[]) => (typeof items === 'string' ? [items] : items)

  return {
    get: async (key) => (await getMany([key]))[0],
    getMany,
    set: async (key, value, options) => put(engine(), place(key, options), value),
    getOrSet: async (key, load, options) => readThrough(engine(), { ...(place(key, options) as Place<Any>), load }),
    delete: async (keys) =>
      evict(
        engine(),
        list(keys).map((key) => place(key).key),
        [],
      ),
    evictTags: async (tags) => evict(engine(), [], tagKeys(toolkit.context().namespace, list(tags))),
    async deleteMatching(glob) {
      const { globToRegExp } = await import('../keys/glob.js')
      const { namespace, store } = toolkit.context()
      const pattern = escapeGlob(directKey(namespace, '')) + glob
      const fits = globToRegExp(pattern)
      const abandon = () => abandonFlights(engine().flights, (flight) => fits.test(flight.key))
      abandon()
      const deleted = await store.call(
        'deleteMatching',
        true,
        (to, call) => to.deleteMatching(pattern, call),
        WALK_BUDGET_MS,
      )
      abandon()
      return deleted
    },
    clear: async () => evict(engine(), [], [namespaceStamp(toolkit.context().namespace)]),
    stats: () => ({ ...engine().stats }),
  }
}

async function readPayload(serializer: Serializer, payload: string, key: string): Promise<unknown> {
  try {
    return await serializer.deserialize(payload, key)
  } catch {
    return undefined
  }
}
