import { type Adapter, type CallOptions, type Duration, escapeGlob, toMs } from '@larder/core'
import { ask } from './ask.js'
import { invalid } from './invalid.js'
import { createNamespaces } from './namespaces.js'

/** The most milliseconds of a call, unless the adapter or the application says otherwise. */
export const DEFAULT_BUDGET_MS = 250
/** The most milliseconds of `clear()`, which has to walk the store. */
const WALK_BUDGET_MS = 60_000

export interface ToKeyvOptions {
  /**
   * The most time that a call may wait for the store. More than 0. A bare number is **seconds**, unlike Keyv's ttl.
   * @default what the adapter asks for: 250 ms, over HTTP 1 s
   */
  readonly budget?: Duration
  /**
   * Whether `getMany`, `has` and `hasMany` reject when the store fails. Otherwise it is told to listeners of `error`, and
   * nothing is there. Keyv leaves that choice to its store; for all other calls its own `throwOnErrors` decides.
   * @default false
   */
  readonly throwOnErrors?: boolean
}

/**
 * What Keyv wants of a store (its `KeyvStoreAdapter`). There is no `setMany`: Keyv then sets one by one, in one go, and
 * says for each whether it was stored. There is no `iterator` either: an adapter cannot list its keys.
 */
export interface KeyvStore {
  /** Nothing of ours: there because Keyv and its users look for it. */
  readonly opts: Record<string, unknown>
  /** Keyv's, told by Keyv. Keys come with it in front, as `namespace:key`; `clear` goes by it. */
  namespace: string | undefined
  /** The text at `key`. `undefined`: none. Rejects with `StoreError` when the store fails, and tells listeners. */
  get<Value = string>(key: string): Promise<Value | undefined>
  /** By one command. When the store fails: all `undefined`, or see {@link ToKeyvOptions.throwOnErrors}. */
  getMany<Value = string>(keys: string[]): Promise<(Value | undefined)[]>
  /**
   * Stores text, character for character.
   * @param ttl milliseconds, a fraction is rounded up; `undefined`, 0 and `Infinity` are for ever
   * @throws UsageError (`ERR_INVALID_OPTION`) for a value that is not a string, or a ttl below 0; StoreError.
   */
  set(key: string, value: unknown, ttl?: number): Promise<boolean>
  /** @returns whether there was something to delete. @throws StoreError when the store fails. */
  delete(key: string): Promise<boolean>
  /** By one command. @returns whether any of them was there. @throws StoreError when the store fails. */
  deleteMany(keys: string[]): Promise<boolean>
  /** Whether there is something at `key`. When the store fails: `false`, or see {@link ToKeyvOptions.throwOnErrors}. */
  has(key: string): Promise<boolean>
  /** By one command. As `has` for each. */
  hasMany(keys: string[]): Promise<boolean[]>
  /**
   * Deletes what is in the namespace, by walking the whole store for at most a minute. Not atomic: a key written meanwhile
   * may stay.
   * @throws UsageError (`ERR_INVALID_OPTION`), with nothing deleted, where there is no namespace, or where Keyvs of
   * different ones share this store, because Keyv does not say which of them asks; StoreError when the store fails.
   */
  clear(): Promise<void>
  /** Closes the adapter, for whoever else uses it as well. Idempotent. */
  disconnect(): Promise<void>
  /** `error`: a read failed, with a `StoreError`. What else fails rejects, and Keyv tells of it. */
  on(event: string, listener: (error: unknown) => void): KeyvStore
  off(event: string, listener: (error: unknown) => void): KeyvStore
}

/**
 * Any adapter of Larder as a store for Keyv 5, and for what is built upon Keyv: a pool, Sentinel, Cluster or Upstash below
 * it, and no call that waits for ever when the store is gone.
 *
 * Each call is sent once and waits at most `budget`. There is no breaker and no retry: those belong to `cached`.
 *
 * @throws UsageError that names the argument or option at fault.
 *
 * @example
 * const keyv = new Keyv({ store: toKeyv(redis), namespace: 'shop' })
 */
export function toKeyv(adapter: Adapter, options: ToKeyvOptions = {}): KeyvStore {
  if (typeof adapter?.getMany !== 'function') {
    throw invalid('adapter', 'must be an adapter of Larder, such as tcp(), http() or memory()')
  }
  const { throwOnErrors = false } = options
  const budgetMs =
    options.budget === undefined
      ? (adapter.capabilities.budgetMs ?? DEFAULT_BUDGET_MS)
      : toMs(options.budget, 'budget', 1)
  const listeners: ((error: unknown) => void)[] = []
  const spaces = createNamespaces()

  const send = <R>(operation: string, call: (call: CallOptions) => Promise<R>, limitMs = budgetMs) =>
    ask(adapter, { operation, budgetMs: limitMs, send: call })

  /** @throws StoreError, of which listeners have heard: Keyv tells of failed writes, but not of failed reads. */
  async function read(keys: readonly string[]): Promise<(string | undefined)[]> {
    try {
      const values = await ask(adapter, {
        operation: 'getMany',
        budgetMs,
        send: (call) => adapter.getMany(keys, call),
        accepts: (found) => Array.isArray(found) && found.length === keys.length && found.every(isTextOrNull),
      })
      return values.map((value) => value ?? undefined)
    } catch (error) {
      for (const listener of [...listeners]) listener(error)
      throw error
    }
  }

  /** Where Keyv would let the application see the error whatever its options say. */
  const readOrNone = (keys: readonly string[]) =>
    read(keys).catch((error) => {
      if (throwOnErrors) throw error
      return keys.map(() => undefined)
    })
  const hasMany = async (keys: readonly string[]) => (await readOrNone(keys)).map((value) => value !== undefined)

  const store: KeyvStore = {
    opts: {},
    get namespace() {
      return spaces.current
    },
    set namespace(namespace) {
      spaces.enter(namespace)
    },
    // Text is what Keyv takes any value of a store for before it has deserialized it.
    get: async <Value>(key: string) => (await read([key]))[0] as Value | undefined,
    getMany: async <Value>(keys: string[]) => (await readOrNone(keys)) as (Value | undefined)[],
    async set(key, value, ttl) {
      if (typeof value !== 'string') {
        throw invalid(
          'serialize',
          'of Keyv must give a string, which is what this store keeps: leave it and `deserialize` out, or give both',
        )
      }
      const ttlMs = toTtlMs(ttl)
      return send('set', (call) => adapter.set(key, value, Object.assign(call, ttlMs && { ttlMs })))
    },
    delete: async (key) => (await send('delete', (call) => adapter.delete([key], call))) > 0,
    deleteMany: async (keys) => (await send('delete', (call) => adapter.delete(keys, call))) > 0,
    has: async (key) => (await hasMany([key]))[0] === true,
    hasMany,
    async clear() {
      const pattern = `${escapeGlob(spaces.toClear())}:*`
      // The walk may take long. Whether the store is there must not.
      await send('ping', (call) => adapter.ping(call))
      await send('deleteMatching', (call) => adapter.deleteMatching(pattern, call), WALK_BUDGET_MS)
    },
    disconnect: () => adapter.close(),
    on(event, listener) {
      if (event === 'error') {
        listeners.push(listener)
        spaces.join()
      }
      return store
    },
    off(event, listener) {
      const index = event === 'error' ? listeners.indexOf(listener) : -1
      if (index >= 0) listeners.splice(index, 1)
      return store
    },
  }
  return store
}

/** @returns whole milliseconds, `undefined` for ever */
function toTtlMs(ttl: number | undefined): number | undefined {
  if (!ttl && !Number.isNaN(ttl)) return undefined
  if (ttl === Number.POSITIVE_INFINITY) return undefined
  const ttlMs = Math.ceil(ttl as number)
  if (!(Number.isSafeInteger(ttlMs) && ttlMs > 0)) throw invalid('ttl', `must be milliseconds, 0 or more, not ${ttl}`)
  return ttlMs
}

function isTextOrNull(value: unknown): boolean {
  return typeof value === 'string' || value === null
}
