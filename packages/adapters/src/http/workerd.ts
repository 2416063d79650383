import { Redis } from '@upstash/redis/cloudflare'
import { createHttp, type HttpAdapter } from './http.js'
import type { HttpOptions } from './options.js'

/**
 * `http` of `index.ts` on Workers. The client is a part of the script, which is compiled before the first request; a
 * subscription would end with the request that began it, so there are none.
 */
export function http(options: HttpOptions = {}): HttpAdapter {
  return createHttp(options, { redis: () => Redis })
}
