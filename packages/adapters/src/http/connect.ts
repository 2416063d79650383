import type { Redis } from '@upstash/redis'
import { findCredentials } from './credentials.js'
import { checkOptions, type HttpOptions, invalid, type UpstashRedis } from './options.js'
import { type RestClient, restClient } from './rest-client.js'

/** A server, and how to speak with it. */
export interface Connection {
  readonly redis: UpstashRedis
  readonly rest: RestClient
  /** The option or the variable that the token is from. */
  readonly tokenFrom: string
  /** Whether it is Upstash's own server. */
  readonly isUpstash: boolean
  /** The most time of a request. */
  readonly timeoutMs: number
}

/** What the client's builds for the several platforms have in common, of what is used here. */
export type RedisBuild = new (config: {
  url: string
  token: string
  retry: { retries: number }
  automaticDeserialization: boolean
  enableAutoPipelining: boolean
  enableTelemetry: boolean
  readYourWrites: boolean
  responseEncoding: false
  signal: () => AbortSignal
}) => Redis

/**
 * Reads options and environment and makes the client, or takes the application's own. Sends nothing.
 * @throws UsageError that names the option or the variable at fault.
 */
export async function connect(
  options: HttpOptions,
  loadBuild: () => RedisBuild | Promise<RedisBuild>,
): Promise<Connection> {
  const timeoutMs = checkOptions(options)
  const describe = (redis: UpstashRedis, tokenFrom: string): Connection => {
    const rest = restClient(redis)
    // `fetch` would say so by printing it.
    if (Object.values(rest.headers ?? {}).some((value) => /[^\t\x20-\x7e]/.test(`${value}`.trim()))) {
      throw invalid('client', 'must have headers, and so a token, without line ends and in plain ASCII')
    }
    const isUpstash = options.upstash ?? /^https:\/\/[^/]+\.upstash\.io(\/|$)/.test(rest.baseUrl ?? '')
    return { redis, rest, tokenFrom, isUpstash, timeoutMs }
  }
  if (options.client) return describe(options.client, 'client')
  const { url, token, tokenFrom } = findCredentials(options)
  const Build = await loadBuild()
  const redis = new Build({
    url,
    token,
    // `false` would mean one.
    retry: { retries: 0 },
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    readYourWrites: options.readYourWrites ?? true,
    responseEncoding: false,
    // For whoever uses `client()`. The adapter's requests have each their own.
    signal: () => AbortSignal.timeout(timeoutMs),
  })
  return describe(redis, tokenFrom)
}
