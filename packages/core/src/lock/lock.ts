import { LockLostError, LockStoreError, lockStoreFailed } from '../errors/lock-errors.js'
import type { Context } from '../store/toolkit.js'
import { type Duration, optionalMs } from '../time/duration.js'
import { backgroundTimer } from '../time/timer.js'
import { extendBy, type Kind, publishes, releaseBy } from './kind.js'
import type { ResolvedLockOptions } from './options.js'
import { ring } from './ring.js'

/** A lock that is held, until it is released or lost. */
export interface Lock {
  /** The name it was asked by; of several, with commas between. */
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
   * Gives it a new time, counted from now. @default the one it was last given
   * @throws LockLostError when it is no longer ours; LockStoreError when the store cannot say
   */
  extend(ttl?: Duration): Promise<void>
  /**
   * Lets go, so that others need not wait for the time to end. Idempotent.
   * @returns whether it was still ours. @throws LockStoreError when the store cannot say
   */
  release(): Promise<boolean>
  /** Releases it at the end of an `await using` block. Never rejects: a release that failed is told by an event. */
  [Symbol.asyncDispose](): Promise<void>
}

/** How to run a body so that what it calls knows of the lock: there where it was asked for as reentrant. */
export const RUN: unique symbol = Symbol.for('larder.run')

/** A lock as it is handed out, with what only `withLock` uses. */
export interface HeldLock extends Lock {
  [RUN]?<Result>(body: () => Promise<Result>): Promise<Result>
}

/** What is taken off the time to live: clocks do not run at quite the same speed. */
const drift = (ttlMs: number) => Math.ceil(ttlMs / 100) + 2

/** @param taken `sentAtMs` is monotonic, from before the take was sent: the store's clock began later, never earlier */
export function createLock(
  context: Context,
  kind: Kind,
  taken: { readonly token: string; readonly fence: number; readonly sentAtMs: number; readonly ttlMs: number },
  options: ResolvedLockOptions,
): HeldLock {
  const { store, events, monotonicMs, now } = context
  const { token, fence } = taken
  const { name: key } = kind
  // Made on demand: it costs more than the rest of the lock together, and most bodies never look.
  let controller: AbortController | undefined
  let { ttlMs } = taken
  /** What extensions ask for, before it is capped. */
  let wantedMs = options.ttlMs
  let extending: Promise<unknown> = Promise.resolve()
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
    controller?.abort(new LockLostError(key))
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
      extend(wantedMs).catch(() => {
        if (isOurs()) renewIn((Math.random() * ttlMs) / 10)
      })
    }, pauseMs)
  }
  /** The lock has `ttlMs` from `sentAtMs` on. */
  const hold = (sentAtMs: number) => {
    deadlineMs = sentAtMs + ttlMs - drift(ttlMs)
    expiresAtMs = Math.floor(now() + deadlineMs - monotonicMs())
    watchDeadline()
    // Where the invocation ends sooner, no extension gives more than the clocks' difference back, and each has its price.
    if (options.extend) renewIn(ttlMs < wantedMs ? 0.9 * ttlMs : ttlMs / 3)
  }

  /** One at a time: of two on their way, nobody could tell which the store has seen last. */
  function extend(nextMs: number): Promise<void> {
    const extended = extending.then(() => extendNow(nextMs))
    extending = extended.catch(() => {})
    return extended
  }

  async function extendNow(nextMs: number): Promise<void> {
    if (!isOurs()) throw new LockLostError(key)
    const nextTtlMs = Math.max(1, options.cap(nextMs))
    const sentAtMs = monotonicMs()
    const extended = await extendBy(context, kind, token, nextTtlMs).catch(lockStoreFailed(key))
    // A release or the deadline that came meanwhile has the last word.
    if (isOurs() && !extended) lose()
    if (!isOurs()) throw new LockLostError(key)
    wantedMs = nextMs
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
      if (!controller) {
        controller = new AbortController()
        if (state === 'lost') controller.abort(new LockLostError(key))
      }
      return controller.signal
    },
    get expiresAtMs() {
      return expiresAtMs
    },
    async extend(ttl) {
      await extend(optionalMs(ttl, 'ttl', 1) ?? wantedMs)
    },
    async release() {
      if (!isOurs()) return false
      end('released')
      try {
        const ours = await releaseBy(context, kind, token, fence)
        // Those in a queue are told by the store whose turn it is, where it can.
        if (!kind.queues || !publishes(context)) ring(store.adapter, kind.channels, `${fence}`)
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
