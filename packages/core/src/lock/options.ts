import { type Duration, optionalMs } from '../time/duration.js'

export const DEFAULT_LOCK_TTL_MS = 30_000
export const DEFAULT_LOCK_WAIT_MS = 5_000

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
   * Whether the lock is extended by itself at each third of its `ttl` for as long as it is held.
   * @default true
   */
  readonly extend?: boolean
  /** Ends the wait. The acquire then rejects with the signal's `reason`. */
  readonly signal?: AbortSignal
}

export interface ResolvedLockOptions {
  readonly ttlMs: number
  readonly waitMs: number
  readonly extend: boolean
  readonly signal: AbortSignal | undefined
}

/** @throws UsageError that names the option at fault. */
export function resolveLockOptions({ ttl, wait, extend = true, signal }: LockOptions = {}): ResolvedLockOptions {
  const ttlMs = optionalMs(ttl, 'ttl', 1) ?? DEFAULT_LOCK_TTL_MS
  return { ttlMs, waitMs: optionalMs(wait, 'wait') ?? DEFAULT_LOCK_WAIT_MS, extend, signal }
}
