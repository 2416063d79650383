import { assertPositiveInteger, invalidOption } from '../errors/usage-error.js'
import { platform } from '../platform/index.js'
import { type Duration, optionalMs } from '../time/duration.js'

export const DEFAULT_LOCK_TTL_MS = 30_000
export const DEFAULT_LOCK_WAIT_MS = 5_000

/** How a lock is waited for, held and shared. */
export interface LockOptions {
  /**
   * How long the lock is held at most without an extension. More than 0. A holder that crashes blocks others this long.
   * @default '30s'
   */
  readonly ttl?: Duration
  /**
   * How long to wait for another holder. 0 tries once.
   * @default '5s'
   * @throws LockBusyError (`ERR_LOCK_BUSY`) when the wait ends without the lock.
   */
  readonly wait?: Duration
  /**
   * Whether the lock is extended by itself at each third of its `ttl` for as long as it is held. One that lasts to the end of
   * the invocation anyway is extended shortly before that only.
   * @default true
   */
  readonly extend?: boolean
  /** Ends the wait. The acquire then rejects with the signal's `reason`. */
  readonly signal?: AbortSignal
  /**
   * Whether waiting callers of all processes are served in the order in which they began to wait. A waiter that crashes
   * loses its place within a second of its turn. Give it to every caller of a key, or to none.
   * @default false: whoever is quickest
   */
  readonly fair?: boolean
  /**
   * Any number of readers at a time, or one writer, in the order in which they came. Give it to every caller of a key.
   * @default a lock with one holder
   */
  readonly mode?: 'read' | 'write'
  /**
   * How many may hold it at a time: a semaphore, served in order. An integer of 1 or more, the same for every caller of a
   * key.
   * @default a lock with one holder
   */
  readonly permits?: number
  /**
   * Whether a body of `withLock` that asks for its own lock again gets it at once, instead of waiting for itself. Followed
   * across `await` by AsyncLocalStorage.
   * @default false
   * @throws UsageError (`ERR_INVALID_OPTION`) where the runtime has no AsyncLocalStorage
   */
  readonly reentrant?: boolean
  /**
   * How many milliseconds this invocation has left. Caps the wait, and the time of the lock at each take and extension:
   * one that is killed at its time limit blocks nobody any longer. On Lambda, by hand:
   * `remainingMs: () => context.getRemainingTimeInMillis()`.
   * @default that of the invocation, in a handler wrapped by `lambdaHandler`; elsewhere no limit
   */
  readonly remainingMs?: () => number
}

export interface ResolvedLockOptions {
  readonly ttlMs: number
  readonly waitMs: number
  readonly extend: boolean
  readonly signal: AbortSignal | undefined
  readonly remainingMs: (() => number) | undefined
}

/** @throws UsageError that names the option at fault. */
export function resolveLockOptions(options: LockOptions = {}): ResolvedLockOptions {
  const { ttl, wait, extend = true, signal, mode, permits, remainingMs } = options
  if (mode !== undefined && mode !== 'read' && mode !== 'write')
    throw invalidOption('mode', "must be 'read' or 'write'")
  if (permits !== undefined) assertPositiveInteger(permits, 'permits')
  return {
    ttlMs: optionalMs(ttl, 'ttl', 1) ?? DEFAULT_LOCK_TTL_MS,
    waitMs: optionalMs(wait, 'wait') ?? DEFAULT_LOCK_WAIT_MS,
    extend,
    signal,
    remainingMs,
  }
}

/** The lesser of a span of time and what is left of the invocation. 0 when nothing is. */
export function cap({ remainingMs }: ResolvedLockOptions, ms: number): number {
  return Math.max(0, Math.floor(platform.capMs(remainingMs ? Math.min(ms, remainingMs()) : ms)))
}
