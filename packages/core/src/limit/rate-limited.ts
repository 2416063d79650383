import { decorate, type Site } from '../decorate/decorate.js'
import { createIdentity, prefixOf } from '../decorate/identity.js'
import { runAsync } from '../decorate/run-async.js'
import type { Any, AsyncFunction, AsyncMethodDecorator } from '../decorate/types.js'
import { wrapAs } from '../decorate/wrap.js'
import { RateLimitedError } from '../errors/rate-limited-error.js'
import { invalidOption } from '../errors/usage-error.js'
import type { Toolkit } from '../store/toolkit.js'
import { createLimiter, type Limiter } from './limiter.js'
import { type RateLimitOptions, resolveRule } from './options.js'

/** What is counted where no `by` tells callers apart. */
const EVERYBODY = '*'

export interface RateLimitedForm {
  /**
   * Lets `fn` run no more often than the rule allows, and otherwise rejects with `RateLimitedError`, without running it.
   * When the store fails, `onStoreError` decides: by default this process counts alone meanwhile.
   *
   * @throws UsageError when an option is out of range or the prefix is taken; from calls, as a rejection, when `by`
   * gives no key or `cost` exceeds the limit.
   *
   * @example
   * const search = rateLimited({ prefix: 'search', limit: 10, per: '1s', by: (q: Query) => q.user }, findProducts)
   */
  <F extends AsyncFunction>(options: RateLimitOptions<Parameters<F>>, fn: F): F
}

export interface RateLimitedDecorator {
  /**
   * Lets a method run no more often than the rule allows. See `rateLimited`.
   *
   * @example
   * ```ts
   * class Shop {
   *   @RateLimited({ limit: 100, per: '1m', by: (userId: string) => userId })
   *   async checkout(userId: string): Promise<Order> { … }
   * }
   * ```
   */
  <Args extends Any[]>(options: RateLimitOptions<Args>): AsyncMethodDecorator<Args>
}

/** Makes `rateLimited` for a toolkit. */
export function createRateLimited(toolkit: Toolkit): RateLimitedForm {
  return ((options: RateLimitOptions, fn: AsyncFunction) => {
    if (typeof fn !== 'function') throw invalidOption('fn', 'must be a function that returns a Promise')
    return wrap(toolkit, fn, options)
  }) as RateLimitedForm
}

/** Makes `@RateLimited` for a toolkit. */
export function createRateLimitedDecorator(toolkit: Toolkit): RateLimitedDecorator {
  return (options: RateLimitOptions) => {
    resolveRule(options)
    return decorate('RateLimited', (method, site) => wrap(toolkit, method, options, site))
  }
}

function wrap(toolkit: Toolkit, fn: AsyncFunction, options: RateLimitOptions, site?: Site): AsyncFunction {
  resolveRule(options)
  let limit: Limiter | undefined
  const wrapper = async function (this: unknown, ...args: Any[]) {
    const merged: RateLimitOptions = { ...toolkit.context().defaults.rateLimited, ...options }
    limit ??= createLimiter(toolkit)({ ...merged, prefix: identity(this) })
    const { by, cost = 1 } = merged
    const key = by ? by.apply(this, args) : EVERYBODY
    const outcome = await limit.check(key, { cost: typeof cost === 'function' ? cost.apply(this, args) : cost })
    if (!outcome.allowed) throw new RateLimitedError(limit.prefix, outcome)
    return runAsync('RateLimited', fn, this, args)
  }
  const identity = createIdentity(toolkit, 'limit', wrapper, options.prefix ?? (site ? undefined : prefixOf(fn)), site)
  return wrapAs(wrapper, fn)
}
