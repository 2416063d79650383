import { Redis } from '@upstash/redis'
import { createHttp, type HttpAdapter } from './http.js'
import { checkOptions, type HttpOptions } from './options.js'

/**
 * `http` of `index.ts` on the Edge runtime of Next.js and Vercel, as on Workers. This build of the client tells the
 * framework's `fetch` to store nothing.
 */
export function http(options: HttpOptions = {}): HttpAdapter {
  checkOptions(options)
  return createHttp(options, { redis: () => Redis })
}
