import { LockBusyError, lockStoreFailed } from '../errors/lock-errors.js'
import { invalidOption } from '../errors/usage-error.js'
import { shared } from '../platform/shared.js'
import type { Toolkit } from '../store/toolkit.js'
import { type Kind, kindOf, type LockKey, lockKeys, publishes } from './kind.js'
import { acquireInLine } from './line.js'
import type { Lock } from './lock.js'
import { type LockOptions, resolveLockOptions } from './options.js'
import { ring } from './ring.js'

/**
 * Locks by name, across processes. One holder at a time as long as one store keeps its data: good for not doing work
 * twice. Where two holders would do harm, let what is written check `fence`.
 */
export interface Locks {
  /**
   * Takes the lock, waiting for another holder if need be. Several names are taken together, all or none.
   *
   * @throws LockBusyError after `wait`; LockStoreError when the store fails: then nobody holds it by this call
   *
   * @example
   * ```ts
   * await using lock = await locks.acquire('nightly-report')
   * ```
   */
  acquire(key: LockKey, options?: LockOptions): Promise<Lock>
  /**
   * Takes the lock if it is free: one try, `null` if another holds it. @throws LockStoreError
   *
   * @example
   * ```ts
   * const lock = await locks.tryAcquire('nightly-report')
   * await lock?.release()
   * ```
   */
  tryAcquire(key: LockKey, options?: Omit<LockOptions, 'wait'>): Promise<Lock | null>
  /** Whether anybody holds it now, or waits in its queue. @throws LockStoreError */
  isHeld(key: string): Promise<boolean>
  /**
   * Takes it away from whoever holds it. Their `signal` tells them at their next extension.
   * @returns whether anybody held it. @throws LockStoreError
   */
  forceRelease(key: string): Promise<boolean>
}

export function createLocks(toolkit: Toolkit): Locks {
  async function acquire(key: LockKey, given: LockOptions | undefined): Promise<Lock> {
    const context = toolkit.context()
    const options: LockOptions = { ...context.options.defaults?.lock, ...given }
    const resolved = resolveLockOptions(options)
    const found = kindOf(context, key, options)
    const kind: Kind = found instanceof Promise ? await found : found
    const acquireAnew = () => acquireInLine(context, kind, resolved)
    if (!options.reentrant) return acquireAnew()
    const { acquireAgain } = await import('./reentrant.js')
    return acquireAgain(context, kind, options, acquireAnew, { shared, invalidOption })
  }

  return {
    acquire,
    tryAcquire: (key, options) =>
      acquire(key, { ...options, wait: 0 }).catch((error) => {
        if (error instanceof LockBusyError) return null
        throw error
      }),
    async isHeld(key) {
      const context = toolkit.context()
      const [lock] = lockKeys(context, key)
      const [holder] = await context.store.read([lock]).catch(lockStoreFailed(key))
      return holder !== null
    },
    async forceRelease(key) {
      const context = toolkit.context()
      const { store } = context
      const [lock] = lockKeys(context, key)
      const deleted = store.call('delete', true, (to, call) => to.delete([lock], call))
      const count = await deleted.catch(lockStoreFailed(key))
      ring(store.adapter, [lock], '')
      // Others look again sooner or later, so that nobody waits for this.
      if (publishes(context)) store.call('publish', true, async (to) => to.publish?.(lock, '')).catch(() => {})
      return count > 0
    },
  }
}
