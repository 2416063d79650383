import { decorate, type Site } from '../../decorate/decorate.js'
import { createIdentity } from '../../decorate/identity.js'
import type { Any, AsyncFunction, AsyncMethodDecorator } from '../../decorate/types.js'
import { wrapAs } from '../../decorate/wrap.js'
import { invalidOption } from '../../errors/usage-error.js'
import type { Toolkit } from '../../store/toolkit.js'
import { resolveCachedOptions } from '../options.js'
import type { Schema } from '../schema.js'
import { type CacheManyHandle, createManyHandle } from './handle.js'
import { createManyCall, type ManyCall, manyCallBehind, publishManyCall } from './many-call.js'
import { type CachedManyOptions, type ManyId, toSingle } from './options.js'
import type { IdOf, ManyFunction, RestOf, ValueOf } from './types.js'

/** A function with its values cached: called as before, and a {@link CacheManyHandle} besides. */
export type CachedManyFunction<F extends ManyFunction> = F & CacheManyHandle<F>

/** The type of `cachedMany`. */
export interface CachedManyForm {
  /**
   * Caches each value of a function that loads many by their ids. `@CachedMany` does the same to a method.
   *
   * A call reads all ids by one command, runs `fn` once with those that are missing, and writes what it gives in one round
   * trip: 1 command, and 1 more for each id that was missing. Ids that another call is loading are waited for, not loaded
   * again.
   *
   * - `fn` resolves to a Map by id. An id that it leaves out, or gives as `undefined`, is absent, and is known to be for
   *   `nullTtl`. Ids that it gives unasked are ignored.
   * - The caller gets a Map by id of those that are present, in the order in which they were asked for, each once.
   * - A rejection of `fn` reaches all calls that wait for one of its ids, once their other ids have settled, and is not kept.
   * - When the store fails, `fn` runs once with all ids.
   * - Arguments behind the ids go to `fn` as they are, and are part of every key.
   *
   * @throws UsageError when an option is out of range or the prefix is taken; from calls, as a rejection, when an id or a
   * further argument has no key, and (`ERR_MANY_RESULT`) when `fn` gives no Map by id
   *
   * @example
   * ```ts
   * const products = cachedMany({ ttl: '5m', prefix: 'product' }, async (ids: string[]) => {
   *   const rows = await db.products.findByIds(ids)
   *   return new Map(rows.map((row) => [row.id, row]))
   * })
   * const found = await products(['p1', 'p2'])
   * await products.evict(['p1'])
   * ```
   */
  <F extends ManyFunction>(options: CachedManyOptions<IdOf<F>, RestOf<F>, ValueOf<F>>, fn: F): CachedManyFunction<F>
}

/** The type of `@CachedMany`. */
export interface CachedManyDecorator {
  /**
   * Caches each value of a method that loads many by their ids, as `cachedMany` does for a function.
   * `cacheManyOf(object, 'method')` gives the handle. On anything but a method that takes a list of ids and returns a
   * Promise of a Map it is a compile-time error.
   *
   * @throws UsageError when an option is out of range, the prefix is taken or missing, or the position is wrong
   *
   * @example
   * ```ts
   * class Catalog {
   *   @CachedMany({ ttl: '5m', prefix: 'product', tags: (id: string) => [`product:${id}`] })
   *   async products(ids: string[]): Promise<Map<string, Product>> { … }
   * }
   * ```
   */
  <Id extends ManyId = ManyId, Rest extends Any[] = Any[], Value = Any>(
    options: CachedManyOptions<Id, Rest, Value> & { readonly schema: Schema<Value> },
  ): AsyncMethodDecorator<[ids: readonly Id[], ...rest: Rest], Map<Id, Value>, Map<Any, Value>>
  /** The same, without a `schema`. */
  <Id extends ManyId = ManyId, Rest extends Any[] = Any[], Value = Any>(
    options: CachedManyOptions<Id, Rest, Value>,
  ): AsyncMethodDecorator<[ids: readonly Id[], ...rest: Rest], Map<Id, Value>>
}

/** Makes `cachedMany` for a toolkit. */
export function createCachedMany(toolkit: Toolkit): CachedManyForm {
  return ((options: CachedManyOptions, fn: AsyncFunction) => {
    if (typeof fn !== 'function') throw invalidOption('fn', 'must be a function that returns a Promise of a Map by id')
    const wrapper = wrap(toolkit, fn, options)
    return Object.assign(wrapper, createManyHandle(manyCallBehind(wrapper) as ManyCall, undefined))
  }) as CachedManyForm
}

/** Makes `@CachedMany` for a toolkit. */
export function createCachedManyDecorator(toolkit: Toolkit): CachedManyDecorator {
  return (options: CachedManyOptions) => {
    // Here already, so that the stack of the error shows the decorator.
    checkOptions(options)
    return decorate('CachedMany', (method, site) => wrap(toolkit, method, options, site))
  }
}

function wrap(toolkit: Toolkit, fn: AsyncFunction, options: CachedManyOptions, site?: Site): AsyncFunction {
  const wrapper = wrapAs(function (this: unknown, ids: ManyId[], ...rest: Any[]) {
    return call.call(this, ids, rest)
  }, fn)
  // Before the prefix is claimed: a call refused for its options must not keep it.
  checkOptions(options)
  const identity = createIdentity(toolkit, 'cache', wrapper, options.prefix, site)
  const call = createManyCall(toolkit, fn, options, identity)
  publishManyCall(wrapper, call)
  return wrapper
}

function checkOptions(options: CachedManyOptions): void {
  resolveCachedOptions(toSingle(options))
}
