import type { LimitOutcome, PolicyState } from './outcome.js'

/** Which fields {@link rateLimitHeaders} gives. */
export interface RateLimitHeaderOptions {
  /**
   * Adds `X-RateLimit-Limit`, `-Remaining` and `-Reset`, which many clients know: of the limit that matters most, the
   * reset as seconds since 1970 by this machine's clock.
   * @default false
   */
  readonly legacy?: boolean
}

/**
 * An outcome as HTTP fields: `RateLimit-Policy` and `RateLimit` (IETF draft-ietf-httpapi-ratelimit-headers-10), an item
 * for each limit, and `Retry-After` (RFC 9110) on a refusal. Whole seconds, rounded up.
 *
 * @example
 * const outcome = await api.check(ip)
 * return new Response(body, { headers: rateLimitHeaders(outcome) })
 */
export function rateLimitHeaders(
  outcome: LimitOutcome,
  { legacy = false }: RateLimitHeaderOptions = {},
): Record<string, string> {
  const { policies, allowed, retryAfterMs, limit, remaining, resetMs } = outcome
  const headers: Record<string, string> = {
    'RateLimit-Policy': policies.map(toPolicy).join(', '),
    RateLimit: policies.map((state) => `${toName(state)};r=${state.remaining};t=${untilMore(state)}`).join(', '),
  }
  if (!allowed) headers['Retry-After'] = `${toRetryAfter(retryAfterMs)}`
  if (legacy) {
    headers['X-RateLimit-Limit'] = `${limit}`
    headers['X-RateLimit-Remaining'] = `${remaining}`
    headers['X-RateLimit-Reset'] = `${toSeconds(Date.now() + (retryAfterMs || resetMs))}`
  }
  return headers
}

/** Seconds for `Retry-After`: 0 would mean to try again at once. */
export function toRetryAfter(retryAfterMs: number): number {
  return Math.max(1, toSeconds(retryAfterMs))
}

function toPolicy(state: PolicyState): string {
  const quota = `${toName(state)};q=${state.limit}`
  if (state.algorithm === 'concurrency') return `${quota};qu="concurrent-requests"`
  return `${quota};w=${toSeconds(state.windowMs)}`
}

/** A string of structured fields (RFC 9651): quoted, printable ASCII. */
function toName({ name }: PolicyState): string {
  return `"${name.replace(/[^ -~]/g, '?').replace(/["\\]/g, '\\$&')}"`
}

/** The draft's `t`: seconds until there is more. */
function untilMore({ retryAfterMs, resetMs }: PolicyState): number {
  return toSeconds(retryAfterMs || resetMs)
}

function toSeconds(ms: number): number {
  return Math.ceil(ms / 1000)
}
