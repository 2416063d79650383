import type { LimitOutcome } from '../limit/outcome.js'
import { LarderError } from './larder-error.js'

/** A call was refused by a rate limit; the method did not run. `tooManyRequests(error)` makes the HTTP answer of it. */
export class RateLimitedError extends LarderError {
  override readonly name = 'RateLimitedError'
  /** Milliseconds until the same call could pass, if nobody else uses the quota. */
  readonly retryAfterMs: number

  constructor(
    /** The limiter's prefix: which policy refused. */
    readonly prefix: string,
    readonly outcome: LimitOutcome,
  ) {
    super('ERR_RATE_LIMITED', `rate limit ${prefix}: try again in ${outcome.retryAfterMs} ms`)
    this.retryAfterMs = outcome.retryAfterMs
  }
}
