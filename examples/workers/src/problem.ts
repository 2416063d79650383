import { LarderError, LockBusyError, RateLimitedError, tooManyRequests } from '@larder/core'
import { TablesError } from './tides.js'

/** A request that cannot be served, for a reason that its sender may know. */
export class Problem extends Error {
  override readonly name = 'Problem'

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

/** What an error means to a client, as problem details (RFC 9457). */
export function answerFor(error: unknown): Response {
  if (error instanceof RateLimitedError) return tooManyRequests(error)
  if (error instanceof Problem) return answer(error.status, error.message)
  if (error instanceof LockBusyError) return answer(409, 'a refresh is under way')
  console.error(error)
  if (error instanceof TablesError) return answer(502, error.message)
  if (error instanceof LarderError) return answer(503, 'the larder cannot do that now')
  return answer(500, 'something went wrong')
}

function answer(status: number, title: string): Response {
  const headers = { 'content-type': 'application/problem+json' }
  return new Response(JSON.stringify({ title, status }), { status, headers })
}
