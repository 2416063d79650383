import { LockBusyError, LockStoreError, lockStoreFailed } from '../errors/lock-errors.js'
import { invalidOption } from '../errors/usage-error.js'
import { taggedKey } from '../keys/layout.js'
import { randomId } from '../keys/random.js'
import type { Context, Toolkit } from '../store/toolkit.js'
import { sleep } from '../time/timer.js'
import { acquireScript, takeArgs } from './acquire-script.js'
import { createLock, type Lock } from './lock.js'
import { type LockOptions, type ResolvedLockOptions, resolveLockOptions } from './options.js'

/** The bounds between which waiting tries double, before jitter. */
const FIRST_PAUSE_MS = 10
const MAX_PAUSE_MS = 250

/**
 * Locks by name, across processes. One holder at a time as long as one store keeps its data: good for not doing work
 * twice. Where two holders would do harm, let what is written check `fence`.
 */
export interface Locks {
  /**
   * Takes the lock, waiting for another holder if need be.
   * @throws LockBusyError after `wait`; LockStoreError when the store fails: then nobody holds it by this call
   *
   * @example
   * ```ts
   * await using lock = await locks.acquire('nightly-report')
   * ```
   */
  acquire(key: string, options?: LockOptions): Promise<Lock>
  /** Takes the lock if it is free: one try, `null` if another holds it. @throws LockStoreError */
  tryAcquire(key: string, options?: Omit<LockOptions, 'wait'>): Promise<Lock | null>
  /** Whether anybody holds it now. @throws LockStoreError */
  isHeld(key: string): Promise<boolean>
  /** Takes it away from whoever holds it. Their `signal` tells them at their next extension. @throws LockStoreError */
  forceRelease(key: string): Promise<boolean>
}

export function createLocks(toolkit: Toolkit): Locks {
  async function take(context: Context, key: string, options: ResolvedLockOptions): Promise<Lock | number> {
    const { store, namespace, monotonicMs } = context
    const storeKey = lockKey(namespace, key)
    const keys = [storeKey, taggedKey(namespace, '$fence', key)]
    const token = randomId()
    const sentAtMs = monotonicMs()
    try {
      // Never replayed: a take whose answer got lost would then be refused by its own token.
      const take = await store.call('run', false, (to, call) =>
        to.run(acquireScript, keys, takeArgs(token, options.ttlMs), call),
      )
      if (!Array.isArray(take) || !take.every(Number.isFinite)) throw new TypeError('not an answer to a take')
      const [taken, fenceOrHolderMs] = take
      if (taken !== 1) return fenceOrHolderMs
      return createLock(context, { ...options, key, storeKey, token, fence: fenceOrHolderMs, sentAtMs })
    } catch (error) {
      // The take may have arrived all the same. If so it is ours by its token, and is given back.
      store.call('deleteIf', true, (to, call) => to.deleteIf(storeKey, token, call)).catch(() => {})
      throw new LockStoreError(key, error)
    }
  }

  return {
    async acquire(key, options) {
      const context = toolkit.context()
      const { monotonicMs, events, defaults } = context
      const resolved = resolveLockOptions({ ...defaults.lock, ...options })
      const { signal, waitMs } = resolved
      const startedMs = monotonicMs()
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
        signal?.throwIfAborted()
        const lock = await take(context, key, resolved)
        const waitedMs = monotonicMs() - startedMs
        if (typeof lock === 'object') {
          if (signal?.aborted) {
            await lock[Symbol.asyncDispose]()
            signal.throwIfAborted()
          }
          if (events.active) events.emit({ type: 'lockAcquired', key, waitedMs })
          return lock
        }
        if (waitedMs >= waitMs) throw new LockBusyError(key, Math.round(waitedMs))
        // Full jitter, but no longer than the holder's time or our own.
        const holderMs = lock < 0 ? Number.POSITIVE_INFINITY : lock + 1
        await sleep(Math.min(Math.random() * pauseMs, holderMs, waitMs - waitedMs), signal)
      }
    },
    async tryAcquire(key, options) {
      options?.signal?.throwIfAborted()
      const context = toolkit.context()
      const lock = await take(context, key, resolveLockOptions({ ...context.defaults.lock, ...options }))
      return typeof lock === 'object' ? lock : null
    },
    async isHeld(key) {
      const { store, namespace } = toolkit.context()
      const keys = [lockKey(namespace, key)]
      const [token] = await store.read(keys).catch(lockStoreFailed(key))
      return token !== null
    },
    async forceRelease(key) {
      const { store, namespace } = toolkit.context()
      const keys = [lockKey(namespace, key)]
      const deleted = store.call('delete', true, (to, call) => to.delete(keys, call))
      return (await deleted.catch(lockStoreFailed(key))) > 0
    },
  }
}

/** @throws UsageError (`ERR_INVALID_OPTION`) unless `key` is a string, not empty. */
function lockKey(namespace: string, key: string): string {
  if (typeof key !== 'string' || key === '')
    throw invalidOption('key', 'must be a string, not empty: the name of the lock')
  return taggedKey(namespace, '$lock', key)
}
