import { decorate, type Site } from '../decorate/decorate.js'
import { createIdentity, prefixOf } from '../decorate/identity.js'
import { runAsync } from '../decorate/run-async.js'
import type { Any, AsyncFunction, AsyncMethodDecorator } from '../decorate/types.js'
import { wrapAs } from '../decorate/wrap.js'
import { invalidOption } from '../errors/usage-error.js'
import type { Toolkit } from '../store/toolkit.js'
import { callOnce } from './call-once.js'
import { type IdempotentOptions, resolveIdempotentOptions } from './options.js'
import { hashPayload } from './record.js'

/** The type of `idempotent`. */
export interface IdempotentForm {
  /**
   * Makes `fn` safe to call again: the result of a call is kept under its caller's key, and calls with that key get it
   * instead of running `fn`.
   *
   * - While a call is under way, another with its key waits for the result, or is refused (`onConcurrent`).
   * - A call that fails frees its key: the next one runs `fn` again. What failed halfway must bear that.
   * - When the store fails before `fn` runs, the call is refused (`onStoreError`). When it fails afterwards, the result is
   *   returned, and kept as soon as the store is back, if that is before `lockTtl` has passed.
   * - Results come back as they were, as with `cached`. Eviction of caches does not touch them.
   *
   * A call takes five commands; one that was made before, one.
   *
   * @throws UsageError when an option is out of range or the prefix is taken; from calls, as a rejection,
   * IdempotencyConflictError, IdempotencyMismatchError, StoreError, and UsageError when `key` gives none
   *
   * @example
   * const pay = idempotent({ prefix: 'pay', key: (order: Order) => order.id }, async (order) => db.orders.create(order.userId))
   */
  <F extends AsyncFunction>(options: IdempotentOptions<Parameters<F>>, fn: F): F
}

/** The type of `@Idempotent`. */
export interface IdempotentDecorator {
  /**
   * Makes a method safe to call again. See `idempotent`.
   *
   * @example
   * ```ts
   * class Shop {
   *   @Idempotent({ key: (requestId: string) => requestId, ttl: '1d' })
   *   async order(requestId: string, userId: string): Promise<Order> { … }
   * }
   * ```
   */
  <Args extends Any[]>(options: IdempotentOptions<Args>): AsyncMethodDecorator<Args>
}

/** Makes `idempotent` for a toolkit. */
export function createIdempotent(toolkit: Toolkit): IdempotentForm {
  return ((options: IdempotentOptions, fn: AsyncFunction) => {
    if (typeof fn !== 'function') throw invalidOption('fn', 'must be a function that returns a Promise')
    return wrap(toolkit, fn, options)
  }) as IdempotentForm
}

/** Makes `@Idempotent` for a toolkit. */
export function createIdempotentDecorator(toolkit: Toolkit): IdempotentDecorator {
  return (options: IdempotentOptions) => {
    resolveIdempotentOptions(options)
    return decorate('Idempotent', (method, site) => wrap(toolkit, method, options, site))
  }
}

function wrap(toolkit: Toolkit, fn: AsyncFunction, options: IdempotentOptions, site?: Site): AsyncFunction {
  const resolved = resolveIdempotentOptions(options)
  const once = callOnce(toolkit)
  const wrapper = wrapAs(async function (this: unknown, ...args: Any[]) {
    const prefix = identity(this)
    const key: unknown = options.key.apply(this, args)
    if (typeof key !== 'string' || key === '') {
      throw invalidOption('key', 'must give a string, not empty: a call without a key cannot be protected')
    }
    const payloadHash = options.payload ? hashPayload(options.payload.apply(this, args)) : ''
    const run = () => runAsync('Idempotent', fn, this, args)
    return once({ ...options, ...resolved, prefix, key, payloadHash, run })
  }, fn)
  const prefix = options.prefix ?? (site ? undefined : prefixOf(fn))
  const identity = createIdentity(toolkit, 'idempotent', wrapper, prefix, site)
  return wrapper
}
