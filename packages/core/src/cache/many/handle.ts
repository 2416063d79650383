import type { Any } from '../../decorate/types.js'
import { layers } from '../../decorate/wrap.js'
import { UsageError } from '../../errors/usage-error.js'
import { fallBack } from '../engine.js'
import { evict } from '../evict.js'
import { evictBehind } from '../refresh.js'
import { createBatch } from './batch.js'
import { fitMany } from './fit-many.js'
import { type ManyCall, manyCallBehind } from './many-call.js'
import type { ManyId } from './options.js'
import { gather } from './read-through-many.js'
import type { IdOf, ManyFunction, RestOf } from './types.js'
import { type Cacheable, decode, type Found, isCacheable, readMany } from './wanted.js'

/** What can be done to the cached values of one function. Further arguments are always those of a call. */
export interface CacheManyHandle<F extends ManyFunction = ManyFunction> {
  /**
   * Evicts the values of these ids: one command each, in one round trip. Loads under way are not stored and not joined by
   * later callers. Resolves once the store has it.
   * @throws StoreError; UsageError when `when` or `scope` bypass the cache for one of them
   */
  evict(ids: readonly IdOf<F>[], ...rest: RestOf<F>): Promise<void>
  /** Runs the function once, whatever is stored, and stores the values. When the store fails, they come all the same. */
  refresh(ids: readonly IdOf<F>[], ...rest: RestOf<F>): ReturnType<F>
  /** The values that are stored, without running the function. Ids known to be absent are absent. @throws StoreError */
  peek(ids: readonly IdOf<F>[], ...rest: RestOf<F>): ReturnType<F>
  /** An id's key in the store. @throws UsageError when it has none, or `when` or `scope` bypass the cache. */
  keyOf(id: IdOf<F>, ...rest: RestOf<F>): string
  /** Evicts all values of this function, by one command. @throws StoreError */
  evictAll(): Promise<void>
}

export function createManyHandle(many: ManyCall, self: unknown): CacheManyHandle {
  const required = (ids: readonly ManyId[], rest: Any[]): Cacheable[] => {
    const wanted = many.wanted(self, ids, rest)
    if (wanted.every(isCacheable)) return wanted
    throw new UsageError(
      'ERR_UNCACHEABLE_ARGUMENT',
      'one of these ids bypasses the cache, by `when` or `scope`: no entry is its own',
    )
  }
  return {
    async evict(ids, ...rest) {
      const keys = required(ids, rest).map(({ request }) => request.key)
      await evict(many.engine(), [...new Set(keys)], [])
    },
    async refresh(ids, ...rest) {
      const engine = many.engine()
      const wanted = many.wanted(self, ids, rest)
      const found = await readMany(engine, wanted.filter(isCacheable))
      const batch = createBatch(
        wanted.map(({ id }) => id),
        many.runMany(self, rest),
        await fitMany(wanted),
      )
      const values = new Map<ManyId, unknown>()
      for (const { id, request } of wanted) if (!request) values.set(id, batch.load(id))
      const unstored: string[] = []
      const unread: string[] = []
      for (const item of found) {
        const { key, stampKeys } = item.request
        // Not on the board, as in `refresh`: nobody has to wait for it while a value is stored.
        const flight = { key, stampKeys, abandoned: false, promise: undefined as never, scope: undefined }
        const load = async () => {
          const { result, stored } = await batch.fill(engine, item, flight)
          if (!stored) (item.values ? unstored : unread).push(key)
          return result
        }
        values.set(item.id, load())
      }
      const fresh = await gather(wanted, values)
      // Of what is there and what was loaded, nobody can tell the newer.
      if (unstored.length) {
        await evict(engine, unstored, []).catch((error) =>
          fallBack(engine, (found[0] as Found).request.policy.prefix, error),
        )
      }
      if (unread.length) await evictBehind(engine, unread)
      return fresh
    },
    async peek(ids, ...rest) {
      const engine = many.engine()
      const wanted = many.wanted(self, ids, rest)
      const fit = await fitMany(wanted)
      const found = await readMany(engine, wanted.filter(isCacheable), (_prefix, error) => {
        throw error
      })
      const stored = await Promise.all(found.map((item) => decode(engine, item, fit)))
      const values = new Map<ManyId, unknown>()
      for (const [i, { id }] of found.entries()) {
        const outcome = stored[i]
        if (typeof outcome === 'object' && outcome.value !== undefined) values.set(id, outcome.value)
      }
      return values
    },
    keyOf: (id, ...rest) => (required([id], rest)[0] as Cacheable).request.key,
    async evictAll() {
      await evict(many.engine(), [], [many.prefixStamp(self)])
    },
  }
}

/**
 * The handle of a method with `@CachedMany`, typed by that method.
 *
 * @param target the instance, or the class for a static method
 * @throws UsageError (`ERR_NOT_CACHED`) when the method has no `@CachedMany`
 *
 * @example
 * await cacheManyOf(catalog, 'products').evict(['p1', 'p2'])
 */
export function cacheManyOf<Target extends object, Name extends keyof Target>(
  target: Target,
  name: Name,
): Target[Name] extends ManyFunction ? CacheManyHandle<Target[Name]> : never {
  for (const layer of layers(target[name])) {
    const many = manyCallBehind(layer)
    if (many) return createManyHandle(many, target) as never
  }
  throw new UsageError('ERR_NOT_CACHED', `\`${String(name)}\` is not cached: decorate it with @CachedMany`, 'name')
}
