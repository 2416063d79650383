import { decorate } from '../decorate/decorate.js'
import { runAsync } from '../decorate/run-async.js'
import type { Any, AsyncMethodDecorator } from '../decorate/types.js'
import { wrapAs } from '../decorate/wrap.js'
import type { LockKey } from './kind.js'
import { type HeldLock, type Lock, RUN } from './lock.js'
import type { Locks } from './locks.js'
import { type LockOptions, resolveLockOptions } from './options.js'

/** What runs under the lock is told of it. */
export type LockBody<Result> = (lock: Pick<Lock, 'signal' | 'fence' | 'expiresAtMs'>) => Promise<Result>

/** The type of `withLock`: as a function and as a decorator. */
export interface WithLock {
  /**
   * Runs `fn` while holding the lock `key`, and releases it whatever `fn` does. The result or error of `fn` always wins
   * over a failing release. When the store fails, `fn` does not run.
   *
   * `fn` is told of the lock: watch `signal`, which aborts when the lock is lost, and hand `fence` to what is written.
   *
   * @throws LockBusyError when another holds it for longer than `wait`; LockStoreError when the store cannot say
   *
   * @example
   * await withLock('nightly-report', async ({ signal }) => buildReport({ signal }), { ttl: '1m' })
   */
  <Result>(key: LockKey, fn: LockBody<Result>, options?: LockOptions): Promise<Result>
  /**
   * Lets a method run only while it holds the lock that `key` names: a string, several, or a function of the method's
   * arguments and `this` that gives them. The method's own signature stays as it is.
   *
   * @example
   * ```ts
   * class Billing {
   *   @withLock((orderId: string) => `order:${orderId}`, { ttl: '30s' })
   *   async settle(orderId: string): Promise<void> { … }
   * }
   * ```
   */
  <Args extends Any[] = Any[]>(
    key: LockKey | ((...args: Args) => LockKey),
    options?: LockOptions,
  ): AsyncMethodDecorator<Args>
}

/** Makes `withLock`, both forms, over some locks. */
export function createWithLock(locks: Locks): WithLock {
  async function runLocked<Result>(key: LockKey, body: LockBody<Result>, options?: LockOptions): Promise<Result> {
    const lock: HeldLock = await locks.acquire(key, options)
    try {
      return await (lock[RUN] ? lock[RUN](() => body(lock)) : body(lock))
    } finally {
      await lock[Symbol.asyncDispose]()
    }
  }

  function locked(key: LockKey | ((...args: Any[]) => LockKey), options?: LockOptions): AsyncMethodDecorator {
    resolveLockOptions(options)
    return decorate('withLock', (method) => {
      return wrapAs(async function (this: unknown, ...args: Any[]) {
        return runLocked(
          typeof key === 'function' ? key.apply(this, args) : key,
          () => runAsync('withLock', method, this, args),
          options,
        )
      }, method)
    })
  }

  return ((key: LockKey, second?: LockBody<unknown> | LockOptions, third?: LockOptions) =>
    typeof second === 'function' ? runLocked(key, second, third) : locked(key, second)) as WithLock
}
