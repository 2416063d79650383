import { LockLostError, LockStoreError, lockStoreFailed } from '../errors/lock-errors.js'
import type { Context } from '../store/toolkit.js'
import { type Duration, optionalMs } from '../time/duration.js'
import { backgroundTimer } from '../time/timer.js'

/** A lock that is held, until it is released or lost. */
export interface Lock {
  /** The name it was asked by. */
  readonly key: string
  /** What proves in the store that it is ours: the plain value at its key. */
  readonly token: string
  /** A number that grows strictly with each holder of the key, for what is written to check. */
  readonly fence: number
  /**
   * Aborts when the lock is lost, with `LockLostError` as its reason: at the latest when its time is up by this process'
   * own monotonic clock, whether or not the store can be reached.
   */
  readonly signal: AbortSignal
  /** When its time is up, on the wall clock. Moves with each extension. */
  readonly expiresAtMs: number
  /**
   * Gives it a new time, counted from now. @default the `ttl` of the acquire
   * @throws LockLostError when it is no longer ours; LockStoreError when the store cannot say
   */
  extend(ttl?: Duration): Promise<void>
  /**
   * Lets go, so that others need not wait for the time to end. Idempotent.
   * @returns whether it was still ours. @throws LockStoreError when the store cannot say
   */
  release(): Promise<boolean>
  [Symbol.asyncDispose](): Promise<void>
}

/** What is taken off the time to live: clocks do not run at quite the same speed. */
const drift = (ttlMs: number) => Math.ceil(ttlMs / 100) + 2

/**
 * @param storeKey where the token lies
 * @param sentAtMs monotonic, from before the take was sent: the store's clock began later, never earlier
 */
export function createLock(
  context: Context,
  taken: {
    key: string
    storeKey: string
    token: string
    fence: number
    sentAtMs: number
    ttlMs: number
    extend: boolean
  },
): Lock {
  const { store, events, monotonicMs, now } = context
  const { key, storeKey, token, fence } = taken
  const controller = new AbortController()
  let { ttlMs } = taken
  let deadlineMs = 0
  let expiresAtMs = 0
  let state: 'held' | 'released' | 'lost' = 'held'
  let cancelDeadline = () => {}
  let cancelRenewal = () => {}

  const end = (as: 'released' | 'lost') => {
    state = as
    cancelDeadline()
    cancelRenewal()
  }
  const lose = () => {
    end('lost')
    controller.abort(new LockLostError(key))
    events.emit({ type: 'lockLost', key })
  }
  /** Whether it is still ours by our own clock. After a freeze it may not be, before any timer has said so. */
  const isOurs = () => {
    if (state === 'held' && monotonicMs() >= deadlineMs) lose()
    return state === 'held'
  }
  const watchDeadline = () => {
    cancelDeadline()
    cancelDeadline = backgroundTimer(() => {
      if (isOurs()) watchDeadline()
    }, deadlineMs - monotonicMs())
  }
  const renewIn = (pauseMs: number) => {
    cancelRenewal()
    cancelRenewal = backgroundTimer(() => {
      // A failed extension is tried again, with jitter, for as long as our own time lasts.
      extend(ttlMs).catch(() => {
        if (isOurs()) renewIn((Math.random() * ttlMs) / 10)
      })
    }, pauseMs)
  }
  /** The lock has `ttlMs` from `sentAtMs` on. */
  const hold = (sentAtMs: number) => {
    deadlineMs = sentAtMs + ttlMs - drift(ttlMs)
    expiresAtMs = Math.floor(now() + deadlineMs - monotonicMs())
    watchDeadline()
    if (taken.extend) renewIn(ttlMs / 3)
  }

  async function extend(nextTtlMs: number): Promise<void> {
    if (!isOurs()) throw new LockLostError(key)
    const sentAtMs = monotonicMs()
    const extended = await store
      .call('expireIf', true, (to, call) => to.expireIf(storeKey, token, nextTtlMs, call))
      .catch(lockStoreFailed(key))
    // A release or the deadline that came meanwhile has the last word.
    if (isOurs() && !extended) lose()
    if (!isOurs()) throw new LockLostError(key)
    ttlMs = nextTtlMs
    hold(sentAtMs)
  }
  hold(taken.sentAtMs)

  return {
    key,
    token,
    fence,
    get signal() {
      isOurs()
      return controller.signal
    },
    get expiresAtMs() {
      return expiresAtMs
    },
    async extend(ttl) {
      const nextTtlMs = optionalMs(ttl, 'ttl', 1) ?? ttlMs
      await extend(nextTtlMs)
    },
    async release() {
      if (!isOurs()) return false
      end('released')
      try {
        const ours = await store.call('deleteIf', true, (to, call) => to.deleteIf(storeKey, token, call))
        if (events.active) events.emit({ type: 'lockReleased', key })
        return ours
      } catch (error) {
        events.emit({ type: 'lockReleaseFailed', key, error })
        throw new LockStoreError(key, error)
      }
    },
    async [Symbol.asyncDispose]() {
      // The block's own result or error wins. The failure was told by event, and the lock frees itself in time.
      await this.release().catch(() => false)
    },
  }
}
