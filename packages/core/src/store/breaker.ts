import type { BreakerState } from '../events/events.js'

/** How many failures in a row open the breaker. */
export const DEFAULT_BREAKER_FAILURES = 5
/** How long it stays open before one call may try. */
export const DEFAULT_BREAKER_PAUSE_MS = 2_000

/**
 * A consecutive-failures circuit breaker without timers: the pause is over when the next call finds it over, which also
 * holds for a process that was frozen meanwhile.
 */
export interface Breaker {
  readonly state: BreakerState
  /** Whether a call may go out now. After the pause, exactly one may, the probe, and again after each further pause. */
  admits(): boolean
  succeeded(): void
  failed(): void
}

export interface ResolvedBreakerOptions {
  readonly maxFailures: number
  readonly pauseMs: number
  readonly monotonicMs: () => number
}

export function createBreaker(
  { maxFailures, pauseMs, monotonicMs }: ResolvedBreakerOptions,
  onChange: (state: BreakerState) => void,
): Breaker {
  let state: BreakerState = 'closed'
  let failures = 0
  let pausedAtMs = 0

  const enter = (next: BreakerState) => {
    if (next === state) return
    state = next
    onChange(next)
  }
  return {
    get state() {
      return state
    },
    admits() {
      if (state === 'closed') return true
      // Half-open too: the probe is out. Should it never end, because its request was cancelled, another goes out later.
      if (monotonicMs() - pausedAtMs < pauseMs) return false
      pausedAtMs = monotonicMs()
      enter('half-open')
      return true
    },
    succeeded() {
      failures = 0
      enter('closed')
    },
    failed() {
      failures += 1
      // A straggler's failure while open does not lengthen the pause.
      if (state === 'open' || (state === 'closed' && failures < maxFailures)) return
      pausedAtMs = monotonicMs()
      enter('open')
    },
  }
}
