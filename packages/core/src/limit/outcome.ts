/** What a limiter answers. Spans of time, never instants: the caller's clock plays no part. */
export interface LimitOutcome {
  /**
   * `undecided`: the store could not be asked. Then `allowed` is what `onStoreError` decided, and `reason` says why it
   * had to.
   */
  readonly status: 'allowed' | 'denied' | 'undecided'
  /** Whether the call may go on. */
  readonly allowed: boolean
  /** Why the limiter is undecided: `timeout`, `unavailable`, `breaker-open` or `malformed`. */
  readonly reason?: string
  /** The most that any window admits. */
  readonly limit: number
  /** What could still be spent now. 0 or more. */
  readonly remaining: number
  /** Milliseconds until the same call could pass if nobody else spends meanwhile; 0 when it passed. */
  readonly retryAfterMs: number
  /** Milliseconds until nothing is spent any more. */
  readonly resetMs: number
}

/** What an algorithm's script gives: whether it admitted, and the three numbers after it. */
export type Decision = readonly [admitted: 0 | 1, remaining: number, retryAfterMs: number, resetMs: number]

/** A script's answer as an outcome; `undefined` for an answer that no script of ours gives. */
export function toOutcome(decision: unknown, limit: number): LimitOutcome | undefined {
  if (!Array.isArray(decision) || decision.length !== 4 || !decision.every(Number.isFinite)) return undefined
  const [admitted, remaining, retryAfterMs, resetMs] = decision as unknown as Decision
  const allowed = admitted === 1
  return { status: allowed ? 'allowed' : 'denied', allowed, limit, remaining, retryAfterMs, resetMs }
}
