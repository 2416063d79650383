import { createHttp, type HttpAdapter } from './http.js'
import { checkOptions, type HttpOptions } from './options.js'
import { createPubSub } from './pubsub.js'

export type { HttpAdapter } from './http.js'
export type { HttpOptions, UpstashRedis } from './options.js'

/**
 * Redis over HTTP, by @upstash/redis: for functions that are frozen, cloned and billed by the command, on Node, Lambda,
 * Workers and the edge. Upstash, or any Redis behind `@larder/gateway`.
 *
 * Nothing is read, made or sent before the first call, so it may stand at module scope, on Workers too. The commands of
 * one tick go out as one request, in order, and no request is sent twice. See `docs/adapters/http.md` for what an
 * operation costs and for what happens under faults.
 *
 * @throws UsageError that names the option at fault; from the first call, as a rejection, when an environment variable is.
 *
 * @example
 * configure({ adapter: http() }) // UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN
 */
export function http(options: HttpOptions = {}): HttpAdapter {
  checkOptions(options)
  return createHttp(options, {
    // Loaded on first need: it takes 12 ms, which importing this adapter must not.
    redis: async () => (await import('@upstash/redis')).Redis,
    createPubSub,
  })
}
