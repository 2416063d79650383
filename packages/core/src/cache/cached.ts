import { decorate, type Site } from '../decorate/decorate.js'
import { createIdentity } from '../decorate/identity.js'
import type { Any, AsyncFunction, AsyncMethodDecorator } from '../decorate/types.js'
import { wrapAs } from '../decorate/wrap.js'
import { invalidOption } from '../errors/usage-error.js'
import type { Toolkit } from '../store/toolkit.js'
import { type CachedCall, callBehind, createCachedCall, publishCall } from './cached-call.js'
import { type CacheHandle, createHandle } from './handle.js'
import { type CachedOptions, resolveCachedOptions, type Ttl } from './options.js'
import type { Schema } from './schema.js'

/** A function with its results cached: called as before, and a {@link CacheHandle} besides. */
export type CachedFunction<F extends AsyncFunction> = F & CacheHandle<F>

/** The type of `cached`. */
export interface CachedForm {
  /**
   * Caches what `fn` resolves to. The plain form: `@Cached` does the same to a method.
   *
   * - A rejection reaches the callers that were waiting, and is not kept. `null` and `undefined` are results like any
   *   other, unless `nullTtl` or `unless` says otherwise.
   * - Concurrent calls with the same arguments share one read and one run of `fn`.
   * - When the store fails, `fn` runs and its value is returned, at most `budget` later than without a cache.
   *
   * @param ttl how long a result may be served: `'5m'`, a number of seconds, or a function of the result
   * @param prefix what keeps the entries of `fn` apart from all others'
   * @throws UsageError when an option is out of range or the prefix is taken; from calls, as a rejection, when an
   * argument has no key
   *
   * @example
   * ```ts
   * const product = cached('5m', 'product', (id: string) => db.products.find(id))
   * await product('p1')
   * await product.evict('p1')
   * ```
   */
  <F extends AsyncFunction>(ttl: Ttl<Awaited<ReturnType<F>>>, prefix: string, fn: F): CachedFunction<F>
  /** The same, with all options. See {@link CachedOptions}. */
  <F extends AsyncFunction>(options: CachedOptions<Parameters<F>, Awaited<ReturnType<F>>>, fn: F): CachedFunction<F>
}

/** The type of `@Cached`. */
export interface CachedDecorator {
  /**
   * Caches what a method resolves to, as `cached` does for a function. `cacheOf(object, 'method')` gives the handle.
   *
   * Works with standard decorators, with `experimentalDecorators` and under Turbopack. On anything but a method that
   * returns a Promise it is a compile-time error.
   *
   * @param ttl how long a result may be served: `'5m'`, a number of seconds, or a function of the result
   * @param prefix what keeps the method's entries apart from all others'; `Class.method` where the name is not minified
   * @throws UsageError when an option is out of range, the prefix is taken or missing, or the position is wrong
   *
   * @example
   * ```ts
   * class Catalog {
   *   @Cached('5m', 'product')
   *   async product(id: string): Promise<Product> { … }
   * }
   * ```
   */
  <Result = Any>(ttl: Ttl<Result>, prefix?: string): AsyncMethodDecorator<Any[], Result>
  /** The same, with all options, and a `schema` by which results are checked. See {@link CachedOptions}. */
  <Args extends Any[], Result>(
    options: CachedOptions<Args, Result> & { readonly schema: Schema<Result> },
  ): AsyncMethodDecorator<Args, Result, Result>
  /** The same, with all options. See {@link CachedOptions}. */
  <Args extends Any[], Result = Any>(options: CachedOptions<Args, Result>): AsyncMethodDecorator<Args, Result>
}

/** Makes `cached` for a toolkit. */
export function createCached(toolkit: Toolkit): CachedForm {
  return ((first: Ttl | CachedOptions, second: string | AsyncFunction, third?: AsyncFunction) => {
    const [options, fn] =
      typeof second === 'function' ? [first as CachedOptions, second] : [toOptions(first, second), third]
    if (typeof fn !== 'function') throw invalidOption('fn', 'must be a function that returns a Promise')
    // Before the prefix is claimed: a call refused for its options must not keep it.
    resolveCachedOptions(options)
    const wrapper = wrap(toolkit, fn, options)
    return Object.assign(wrapper, createHandle(callBehind(wrapper) as CachedCall, undefined))
  }) as CachedForm
}

/** Makes `@Cached` for a toolkit. */
export function createCachedDecorator(toolkit: Toolkit): CachedDecorator {
  return (first: Ttl | CachedOptions, prefix?: string) => {
    const options = toOptions(first, prefix)
    // Here already, so that the stack of the error shows the decorator.
    resolveCachedOptions(options)
    return decorate('Cached', (method, site) => wrap(toolkit, method, options, site))
  }
}

function wrap(toolkit: Toolkit, fn: AsyncFunction, options: CachedOptions, site?: Site): AsyncFunction {
  const wrapper = wrapAs(function (this: unknown, ...args: Any[]) {
    return call.call(this, args)
  }, fn)
  const identity = createIdentity(toolkit, 'cache', wrapper, options.prefix, site)
  const call = createCachedCall(toolkit, fn, options, identity)
  publishCall(wrapper, call)
  return wrapper
}

function toOptions(first: Ttl | CachedOptions, prefix: string | undefined): CachedOptions {
  // `undefined` is no prefix as well.
  return typeof first === 'object' && first !== null ? first : ({ ttl: first, prefix } as CachedOptions)
}
