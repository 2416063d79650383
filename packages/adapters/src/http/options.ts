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

/** What a value must look like. */
const RULES = {
  url: [/^https?:\/\/[\w.:[\]-]+(\/[^\s?#]*)?$/, 'must be the REST URL, like https://name-12345.upstash.io'],
  // What a header cannot hold, `fetch` would print. Usually it is a line end from a copied secret.
  token: [/^[\x21-\x7e]+$/, 'must be the REST token, without white space or line ends'],
} as const

/** @throws UsageError that names `option`, and does not show the value. */
export function check(rule: keyof typeof RULES, value: unknown, option: string): void {
  const [form, requirement] = RULES[rule]
  if (typeof value !== 'string' || !form.test(value)) throw invalid(option, requirement)
}

/**
 * Checks what can be checked without the environment.
 * @returns the most milliseconds of a request
 * @throws UsageError that names the option at fault.
 */
export function checkOptions({ url, token, client, requestTimeout }: HttpOptions): number {
  if (url !== undefined) check('url', url, 'url')
  if (token !== undefined) check('token', token, 'token')
  if (client && !(client as { client?: object }).client) throw invalid('client', 'must be a Redis of @upstash/redis')
  const timeoutMs = toMs(requestTimeout ?? DEFAULT_REQUEST_TIMEOUT_MS / 1_000, 'requestTimeout')
  if (timeoutMs === 0) throw invalid('requestTimeout', 'must be more than 0')
  return timeoutMs
}

export function invalid(option: string, requirement: string): UsageError {
  return new UsageError('ERR_INVALID_OPTION', `\`${option}\` ${requirement}`, option)
}
