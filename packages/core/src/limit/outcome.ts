/** The ways to count. See {@link LimitRule}. */
export type Algorithm = 'sliding-window' | 'gcra' | 'fixed-window' | 'sliding-log' | 'concurrency'

/** One limit, by the name under which HTTP fields tell of it. */
export interface Policy {
  /** The limiter's prefix; with several `limits`, also the window: `api-60s`. */
  readonly name: string
  /** How it counts. */
  readonly algorithm: Algorithm
  /** In milliseconds; of `concurrency`, how long a lease lasts. */
  readonly windowMs: number
}

/** How one limit stands. */
export interface PolicyState extends Policy {
  /** The most that is admitted per window, or at once. */
  readonly limit: number
  /** What could still be spent now. 0 or more. */
  readonly remaining: number
  /** Milliseconds until this limit would let the same call pass; more than 0 exactly where it refuses. */
  readonly retryAfterMs: number
  /** Milliseconds until nothing is spent any more. */
  readonly resetMs: number
}

/**
 * What a limiter answers. Spans of time, never instants: the caller's clock plays no part.
 *
 * The numbers are those of the limit that matters most: the one that refuses for longest, or has the least left.
 */
export interface LimitOutcome {
  /**
   * What the rule says. `undecided`: the store could not be asked. Then `allowed` is what `onStoreError` decided, and
   * `reason` says why it had to.
   */
  readonly status: 'allowed' | 'denied' | 'undecided'
  /** Whether the call may go on. Always with `dryRun`, whatever the status. */
  readonly allowed: boolean
  /**
   * What decided, where it was not the store: `timeout`, `unavailable`, `breaker-open` or `malformed` when the store
   * failed; `allow-list` or `deny-list`; `local` for a call that this process refuses because of those that it admitted
   * by itself while the store was down.
   */
  readonly reason?: string
  /** The most that any window admits, or at once. */
  readonly limit: number
  /** What could still be spent now. 0 or more. */
  readonly remaining: number
  /** Milliseconds until the same call could pass if nobody else spends meanwhile; 0 when it passed. */
  readonly retryAfterMs: number
  /** Milliseconds until nothing is spent any more. */
  readonly resetMs: number
  /** Every limit that was asked, in the order of `limits`. */
  readonly policies: readonly PolicyState[]
  /**
   * Gives the place back: there after an allowed `check` of a limiter with `concurrency`. Idempotent, and it never rejects:
   * a place that cannot be given back comes free when its time ends.
   */
  readonly release?: () => Promise<void>
}
