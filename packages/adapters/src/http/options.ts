import { type Duration, toMs, UsageError } from '@larder/core'
import type { Redis } from '@upstash/redis'

/** The most time that a request may take, whoever waits for it. */
export const DEFAULT_REQUEST_TIMEOUT_MS = 5_000

/** A `Redis` of @upstash/redis, of any of its builds. */
export type UpstashRedis = Pick<Redis, keyof Redis>

/** Where the database is, and how it is talked to. Without `url` or `client`: from the environment. */
export interface HttpOptions {
  /** The REST URL. @default `UPSTASH_REDIS_REST_URL`, else `KV_REST_API_URL` */
  readonly url?: string | undefined
  /** The REST token. @default `UPSTASH_REDIS_REST_TOKEN`, else `KV_REST_API_TOKEN`: that which belongs to the URL's variable */
  readonly token?: string | undefined
  /**
   * Where the variables are: a Worker's `env`, or a function that gives it. Read at the first call, not before.
   * @default `process.env`, where there is one
   */
  readonly env?: object | (() => object)
  /**
   * A client of your own. Its URL, token, headers and agent are used; its retries, deserialization and auto-pipelining are
   * not.
   */
  readonly client?: UpstashRedis
  /**
   * The most time that a request may take before it is given up, whoever waits for it. More than 0. What a caller waits
   * is the toolkit's `store.budget`, usually less, and with its last caller a request is given up at once.
   * @default '5s'
   */
  readonly requestTimeout?: Duration
  /** Whether reads see the writes that went before them, on every replica: Upstash's sync token. @default true */
  readonly readYourWrites?: boolean
  /**
   * Whether the server is Upstash's own: it locks the whole database for a script unless told that the script keeps to its
   * keys, which no other server understands.
   * @default whether the host ends with `.upstash.io`
   */
  readonly upstash?: boolean
}

export interface Credentials {
  readonly url: string
  readonly token: string
  /** The option or the variable that the token is from, for messages. */
  readonly tokenFrom: string
}

/** Checks what can be checked before the environment is read. @throws UsageError that names the option at fault. */
export function checkOptions({ url, token, client, requestTimeout }: HttpOptions): { requestTimeoutMs: number } {
  if (url !== undefined) assertUrl(url, 'url')
  if (token !== undefined) assertToken(token, 'token')
  if (client && typeof (client as unknown as { client?: { request?: unknown } }).client?.request !== 'function') {
    throw invalid('client', 'must be a Redis of @upstash/redis')
  }
  const requestTimeoutMs =
    requestTimeout === undefined ? DEFAULT_REQUEST_TIMEOUT_MS : toMs(requestTimeout, 'requestTimeout')
  if (requestTimeoutMs === 0) throw invalid('requestTimeout', 'must be more than 0')
  return { requestTimeoutMs }
}

const PREFIXES = ['UPSTASH_REDIS_REST_', 'KV_REST_API_']

/**
 * Options, and behind them the environment. Secrets are looked at, and never printed.
 * @throws UsageError that names the option or the variable at fault.
 */
export function findCredentials({ url, token, env = processEnv }: HttpOptions): Credentials {
  const variables = (typeof env === 'function' ? env() : env) as Readonly<Record<string, unknown>>
  const find = (names: string[]) => names.find((name) => variables[name])
  const urlFrom = url === undefined ? find(PREFIXES.map((prefix) => `${prefix}URL`)) : 'url'
  if (!urlFrom) throw invalid('url', 'is missing: give it, or `client`, or set UPSTASH_REDIS_REST_URL')
  // With the URL from a variable, the token is that variable's: another database's would be of no use.
  const names = url === undefined ? [urlFrom.replace(/URL$/, 'TOKEN')] : PREFIXES.map((prefix) => `${prefix}TOKEN`)
  const tokenFrom = token === undefined ? find(names) : 'token'
  if (!tokenFrom) throw invalid('token', `is missing: give it, or set ${names[0]}`)
  const found = { url: url ?? variables[urlFrom], token: token ?? variables[tokenFrom], tokenFrom }
  assertUrl(found.url, urlFrom)
  assertToken(found.token, tokenFrom)
  return found as Credentials
}

function processEnv(): object {
  return (globalThis as { process?: { env?: object } }).process?.env ?? {}
}

function invalid(option: string, requirement: string): UsageError {
  return new UsageError('ERR_INVALID_OPTION', `\`${option}\` ${requirement}`, option)
}

function assertUrl(url: unknown, option: string): void {
  if (typeof url !== 'string' || !/^https?:\/\/[^\s/?#@]{2,}(\/[^\s?#]*)?$/.test(url) || !URL.canParse(url)) {
    throw invalid(
      option,
      'must be the REST URL, like https://name-12345.upstash.io, without user, query and white space',
    )
  }
}

function assertToken(token: unknown, option: string): void {
  // What a header cannot hold, `fetch` would print. Usually it is a line end from a copied secret.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw invalid(option, 'must be the REST token, without white space or line ends')
  }
}
