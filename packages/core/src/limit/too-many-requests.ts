import type { RateLimitedError } from '../errors/rate-limited-error.js'
import { type RateLimitHeaderOptions, rateLimitHeaders, toRetryAfter } from './headers.js'

/**
 * The answer to a refused request, as web frameworks and Next.js route handlers take it: 429 with `Retry-After`, the
 * `RateLimit` fields and problem details (RFC 9457).
 *
 * @example
 * try { return await handler(request) } catch (error) {
 *   if (error instanceof RateLimitedError) return tooManyRequests(error)
 *   throw error
 * }
 */
export function tooManyRequests(error: RateLimitedError, options?: RateLimitHeaderOptions): Response {
  const { statusCode, headers, body } = tooManyRequestsResult(error, options)
  return new Response(body, { status: statusCode, headers })
}

/** What a Lambda function answers behind API Gateway, a function URL or a load balancer. */
export interface ProxyResult {
  /** 429. */
  statusCode: number
  /** `Content-Type`, and what `rateLimitHeaders` gives. */
  headers: Record<string, string>
  /** Problem details, as JSON. */
  body: string
}

/**
 * The same answer as {@link tooManyRequests}, as a Lambda proxy result.
 *
 * @example
 * ```ts
 * async function lambda(event: { userId: string }) {
 *   try { return await catalog.checkout(event.userId) } catch (error) {
 *     if (error instanceof RateLimitedError) return tooManyRequestsResult(error)
 *     throw error
 *   }
 * }
 * ```
 */
export function tooManyRequestsResult(error: RateLimitedError, options?: RateLimitHeaderOptions): ProxyResult {
  const refusing = error.outcome.policies.filter(({ retryAfterMs }) => retryAfterMs > 0)
  const problem = {
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    title: 'Too Many Requests',
    status: 429,
    detail: `Try again in ${toRetryAfter(error.retryAfterMs)} s.`,
    'violated-policies': refusing.map(({ name }) => name),
  }
  return {
    statusCode: 429,
    headers: { 'Content-Type': 'application/problem+json', ...rateLimitHeaders(error.outcome, options) },
    body: JSON.stringify(problem),
  }
}
