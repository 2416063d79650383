import type { Any } from '../decorate/types.js'
import { invalidOption } from '../errors/usage-error.js'
import { DEFAULT_LOCK_TTL_MS, DEFAULT_LOCK_WAIT_MS } from '../lock/options.js'
import type { Serializer } from '../serialize/serializer.js'
import { type Duration, optionalMs } from '../time/duration.js'

export const DEFAULT_IDEMPOTENT_TTL_MS = 86_400_000

/** What `@Idempotent` and `idempotent` can be told. Every callback gets the function's arguments, and its `this`. */
export interface IdempotentOptions<Args extends Any[] = Any[]> {
  /**
   * The caller's key: calls with the same one are the same call. A string, not empty.
   * @throws UsageError (`ERR_INVALID_OPTION`) from the call when it gives none: a call without a key cannot be protected
   */
  readonly key: (...args: Args) => string
  /**
   * What keeps this function's keys apart from all others'. Not empty, not beginning with `$`, one function's only.
   * @default `Class.method` for a decorated method whose class name does not look minified
   * @throws UsageError `ERR_PREFIX_REQUIRED`, `ERR_PREFIX_TAKEN`
   */
  readonly prefix?: string
  /** How long a result is kept, and given again to calls with its key. More than 0. @default '1d' */
  readonly ttl?: Duration
  /**
   * What of the call has to be the same whenever its key is: the body of a request. Its hash is kept, not itself.
   * @default nothing: the key is believed
   * @throws IdempotencyMismatchError (`ERR_IDEMPOTENCY_MISMATCH`) for a key that was used with another
   */
  readonly payload?: (...args: Args) => unknown
  /**
   * What to do while a call with the same key is under way: wait for its result, or refuse at once.
   * @default 'wait'
   * @throws IdempotencyConflictError (`ERR_IDEMPOTENCY_CONFLICT`)
   */
  readonly onConcurrent?: 'wait' | 'conflict'
  /** How long to wait for a call under way. @default '5s' */
  readonly wait?: Duration
  /**
   * How long after the crash of a process another may run its call. It is extended while the function runs. More than 0.
   * @default '30s'
   */
  readonly lockTtl?: Duration
  /** How many milliseconds this invocation has left: one that is killed at its time limit frees its key at that moment. See `LockOptions`. */
  readonly remainingMs?: () => number
  /**
   * When the store cannot say whether the call has been made: refuse, or run the function as if it had not, unprotected.
   * @default 'throw'
   * @throws StoreError (`ERR_STORE`)
   */
  readonly onStoreError?: 'throw' | 'run'
  /** How results become text. @default the toolkit's */
  readonly serializer?: Serializer
}

/** {@link IdempotentOptions} once checked. */
export interface ResolvedIdempotentOptions {
  readonly ttlMs: number
  readonly lockTtlMs: number
  readonly waitMs: number
}

/** @throws UsageError that names the option at fault. */
export function resolveIdempotentOptions(options: IdempotentOptions): ResolvedIdempotentOptions {
  const { key, ttl, wait, lockTtl, onConcurrent = 'wait', onStoreError = 'throw' } = options
  if (typeof key !== 'function') throw invalidOption('key', 'must be a function of the arguments')
  if (!['wait', 'conflict'].includes(onConcurrent)) throw invalidOption('onConcurrent', "must be 'wait' or 'conflict'")
  if (!['throw', 'run'].includes(onStoreError)) throw invalidOption('onStoreError', "must be 'throw' or 'run'")
  const waitMs = optionalMs(wait, 'wait') ?? DEFAULT_LOCK_WAIT_MS
  return {
    ttlMs: optionalMs(ttl, 'ttl', 1) ?? DEFAULT_IDEMPOTENT_TTL_MS,
    lockTtlMs: optionalMs(lockTtl, 'lockTtl', 1) ?? DEFAULT_LOCK_TTL_MS,
    waitMs: onConcurrent === 'conflict' ? 0 : waitMs,
  }
}
