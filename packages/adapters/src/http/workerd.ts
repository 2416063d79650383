import { Redis } from '@upstash/redis/cloudflare'
import { createHttp, type HttpAdapter } from './http.js'
import type { HttpOptions } from './options.js'

/**
 * `http` of `index.ts` on Workers. The client is a part of the script, which is compiled before the first request, and
 * options are checked at the first call: what a hit does not need is not loaded with it. A subscription would end with
 * the request that began it, so there are none.
 */
export function http(options: HttpOptions = {}): HttpAdapter {
  return createHttp(options, { redis: () => Redis })
}
