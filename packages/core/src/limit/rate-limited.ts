import { decorate, type Site } from '../decorate/decorate.js'
import { createIdentity, prefixOf } from '../decorate/identity.js'
import { runAsync } from '../decorate/run-async.js'
import type { Any, AsyncFunction, AsyncMethodDecorator } from '../decorate/types.js'
import { wrapAs } from '../decorate/wrap.js'
import { RateLimitedError } from '../errors/rate-limited-error.js'
import { invalidOption } from '../errors/usage-error.js'
import type { Toolkit } from '../store/toolkit.js'
import { openLimiter } from './limiter.js'
import type { LimitRule, RateLimitOptions } from './options.js'
import { resolveLimiter } from './resolve.js'

/** What is counted where no `by` tells callers apart. */
const EVERYBODY = '*'

/** The type of `rateLimited`. */
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

/** The type of `@RateLimited`. */
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
    resolveLimiter('', options)
    return decorate('RateLimited', (method, site) => wrap(toolkit, method, options, site))
  }
}

function wrap(toolkit: Toolkit, fn: AsyncFunction, options: RateLimitOptions, site?: Site): AsyncFunction {
  resolveLimiter('', options)
  /** Made at the first call: before, nobody has said what the toolkit's defaults are. */
  const prepare = (receiver: unknown) => {
    const merged: RateLimitOptions = { ...toolkit.context().options.defaults?.rateLimited, ...options }
    const { limits: rules = [merged as LimitRule<unknown>] } = merged
    const isDynamic = rules.some(({ limit }) => typeof limit === 'function')
    return { ...merged, rules, isDynamic, limiter: openLimiter(toolkit, identity(receiver), merged) }
  }
  let prepared: ReturnType<typeof prepare> | undefined
  const wrapper = wrapAs(async function (this: unknown, ...args: Any[]) {
    prepared ??= prepare(this)
    const { by, cost = 1, rules, isDynamic, limiter, onOutcome } = prepared
    const settle = <T>(option: T | ((...args: Any[]) => T)) =>
      typeof option === 'function' ? (option as (...args: Any[]) => T).apply(this, args) : option
    const outcome = await limiter.check(by ? by.apply(this, args) : EVERYBODY, {
      cost: settle(cost),
      ...(isDynamic && { limit: (await Promise.all(rules.map(({ limit }) => settle(limit)))) as number[] }),
    })
    const run = () => {
      onOutcome?.call(this, outcome, ...args)
      if (!outcome.allowed) throw new RateLimitedError(limiter.prefix, outcome)
      return runAsync('RateLimited', fn, this, args)
    }
    if (!outcome.release) return run()
    try {
      return await run()
    } finally {
      await outcome.release()
    }
  }, fn)
  const identity = createIdentity(toolkit, 'limit', wrapper, options.prefix ?? (site ? undefined : prefixOf(fn)), site)
  return wrapper
}
