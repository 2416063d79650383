import type { RateLimitedError } from '../errors/rate-limited-error.js'
import type { LimitOutcome } from './outcome.js'

/** The name and window of the policy that an outcome belongs to. A `Limiter` is one. */
export interface PolicyName {
  readonly prefix: string
  readonly windowMs?: number
}

/**
 * An outcome as HTTP fields: `RateLimit` and, where the window is known, `RateLimit-Policy` (IETF
 * draft-ietf-httpapi-ratelimit-headers), and `Retry-After` (RFC 9110) on a refusal. Whole seconds, rounded up.
 *
 * @example
 * const outcome = await api.check(ip)
 * return new Response(body, { headers: rateLimitHeaders(outcome, api) })
 */
export function rateLimitHeaders(
  outcome: LimitOutcome,
  policy: PolicyName = { prefix: 'default' },
): Record<string, string> {
  // A structured field string (RFC 8941): quoted, printable ASCII.
  const name = `"${policy.prefix.replace(/[^ -~]/g, '?').replace(/["\\]/g, '\\$&')}"`
  const seconds = (ms: number) => Math.ceil(ms / 1000)
  const headers: Record<string, string> = {
    RateLimit: `${name};r=${outcome.remaining};t=${seconds(outcome.retryAfterMs || outcome.resetMs)}`,
  }
  if (policy.windowMs !== undefined) {
    headers['RateLimit-Policy'] = `${name};q=${outcome.limit};w=${seconds(policy.windowMs)}`
  }
  if (!outcome.allowed) headers['Retry-After'] = `${Math.max(1, seconds(outcome.retryAfterMs))}`
  return headers
}

/**
 * The answer to a refused request: 429 with `Retry-After`, the `RateLimit` field and problem details (RFC 9457).
 *
 * @example
 * try { return await handler(request) } catch (error) {
 *   if (error instanceof RateLimitedError) return tooManyRequests(error)
 *   throw error
 * }
 */
export function tooManyRequests(error: RateLimitedError): Response {
  const problem = {
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    title: 'Too Many Requests',
    status: 429,
    detail: `Try again in ${Math.max(1, Math.ceil(error.retryAfterMs / 1000))} s.`,
    'violated-policies': [error.prefix],
  }
  return new Response(JSON.stringify(problem), {
    status: 429,
    headers: {
      'Content-Type': 'application/problem+json',
      ...rateLimitHeaders(error.outcome, { prefix: error.prefix }),
    },
  })
}
