import type { ConnectionOptions } from 'node:tls'
import { type Duration, toMs, UsageError } from '@larder/core'
import type { Cluster, Redis, RedisOptions } from 'ioredis'

export const DEFAULT_POOL_MAX = 4
export const DEFAULT_CONNECT_TIMEOUT_MS = 2_000
export const DEFAULT_COMMAND_TIMEOUT_MS = 1_000
export const DEFAULT_ACQUIRE_TIMEOUT_MS = 5_000
export const DEFAULT_MAX_WAITING = 10_000
export const DEFAULT_IDLE_TIMEOUT_MS = 60_000
export const DEFAULT_CHECK_AFTER_MS = 30_000

/** Where a server listens. */
export interface Address {
  /** A name or an address. */
  readonly host: string
  /** @default 6379, for a sentinel 26379 */
  readonly port?: number
}

/** Where the server is, and how it is talked to. Without `url`, `host`, `cluster`, `sentinels` or `client`: `REDIS_URL`. */
export interface TcpOptions extends Partial<Address> {
  /** `redis://user:password@host:port/db`, or `rediss://` for TLS. @default `REDIS_URL` */
  readonly url?: string | undefined
  /** An ACL user. @default `REDIS_USERNAME` */
  readonly username?: string | undefined
  /** @default `REDIS_PASSWORD` */
  readonly password?: string | undefined
  /** The database's index, an integer of 0 or more. A cluster has 0 only. @default `REDIS_DB`, else 0 */
  readonly db?: number
  /** TLS, with Node's options for it. @default on for `rediss://` and where `REDIS_TLS` is `true` */
  readonly tls?: boolean | ConnectionOptions
  /** Some nodes of a cluster: it tells of the others. */
  readonly cluster?: readonly Address[]
  /** Sentinels that know where the master is; with `name`. */
  readonly sentinels?: readonly Address[]
  /** The master's name, as the sentinels know it. */
  readonly name?: string
  /** A client of your own. It is never closed, and there is no pool: leases are not to be had. */
  readonly client?: Redis | Cluster
  /** The connections. */
  readonly pool?: PoolOptions
  /** The most time that opening a connection may take. More than 0. @default `REDIS_CONNECT_TIMEOUT`, else '2s' */
  readonly connectTimeout?: Duration
  /**
   * How long a connection may owe an answer without a byte coming in before it is taken for dead and replaced. More than
   * 0. What a caller waits is the toolkit's `store.budget`, usually less.
   * @default `REDIS_COMMAND_TIMEOUT`, else '1s'
   */
  readonly commandTimeout?: Duration
  /** More options for ioredis, behind all that is named here. */
  readonly ioredis?: Omit<RedisOptions, 'lazyConnect' | 'retryStrategy' | 'maxRetriesPerRequest'>
}

/** How many connections, and for how long. */
export interface PoolOptions {
  /** The most connections, leased ones included. An integer of 1 or more. @default `REDIS_POOL_MAX`, else 4 */
  readonly max?: number
  /** How long a lease is waited for. @default '5s' */
  readonly acquireTimeout?: Duration
  /** The most callers that may wait for one; more are refused at once. An integer of 0 or more. @default 10_000 */
  readonly maxWaiting?: number
  /** How long a connection beyond the first may stay unused. @default '1m' */
  readonly idleTimeout?: Duration
  /** After how long without use a connection is checked by a PING before its next. @default '30s' */
  readonly checkAfter?: Duration
  /**
   * Whether a leased connection is closed rather than used again when the function it was leased for fails: it may have left
   * a MULTI or WATCH behind.
   * @default true
   */
  readonly closeOnError?: boolean
}

export interface ResolvedTcpOptions {
  readonly url: string | undefined
  readonly redis: RedisOptions
  readonly cluster: readonly Address[] | undefined
  readonly client: Redis | Cluster | undefined
  readonly connectTimeoutMs: number
  readonly stallMs: number
  readonly pool: ResolvedPoolOptions
}

export interface ResolvedPoolOptions {
  readonly max: number
  readonly acquireTimeoutMs: number
  readonly maxWaiting: number
  readonly idleTimeoutMs: number
  readonly checkAfterMs: number
  readonly closeOnError: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Options, and behind them the environment.
 * @throws UsageError that names the option or the variable at fault, and never its value.
 */
export function resolveTcpOptions(options: TcpOptions, env: Environment = process.env): ResolvedTcpOptions {
  const { client, cluster, sentinels, host, pool = {} } = options
  const url = client || cluster || sentinels || host ? options.url : (options.url ?? env.REDIS_URL)
  if (!client && !cluster && !sentinels && !host && !url) {
    throw invalid('url', 'is missing: give it, or `host`, `cluster`, `sentinels` or `client`, or set REDIS_URL')
  }
  if (cluster) assertAddresses(cluster, 'cluster')
  if (sentinels) assertAddresses(sentinels, 'sentinels')
  if (options.port !== undefined) assertPort(options.port, 'port')
  if (client && typeof client.disconnect !== 'function') throw invalid('client', 'must be a client of ioredis')
  if (sentinels && !options.name) throw invalid('name', 'is missing: by which the sentinels know the master')
  if (url !== undefined) assertUrl(url, options.url === undefined ? 'REDIS_URL' : 'url')
  const db = options.db ?? fromEnv(env, 'REDIS_DB', Number)
  if (db !== undefined) assertInteger(db, 0, options.db === undefined ? 'REDIS_DB' : 'db')
  if (cluster && db) throw invalid('db', 'must be 0 or absent on a cluster, which has no other')

  const tls = options.tls ?? fromEnv(env, 'REDIS_TLS', toBoolean)
  const connectTimeoutMs = duration(
    options.connectTimeout,
    env,
    'connectTimeout',
    'REDIS_CONNECT_TIMEOUT',
    DEFAULT_CONNECT_TIMEOUT_MS,
  )
  const stallMs = duration(
    options.commandTimeout,
    env,
    'commandTimeout',
    'REDIS_COMMAND_TIMEOUT',
    DEFAULT_COMMAND_TIMEOUT_MS,
  )
  const max = pool.max ?? fromEnv(env, 'REDIS_POOL_MAX', Number) ?? DEFAULT_POOL_MAX
  assertInteger(max, 1, pool.max === undefined ? 'REDIS_POOL_MAX' : 'pool.max')
  const maxWaiting = pool.maxWaiting ?? DEFAULT_MAX_WAITING
  assertInteger(maxWaiting, 0, 'pool.maxWaiting')

  return {
    url,
    cluster,
    client,
    connectTimeoutMs,
    stallMs,
    redis: definedOnly({
      // One that takes connections and answers nothing leaves time to ask the others.
      sentinelCommandTimeout: sentinels && Math.ceil(connectTimeoutMs / (sentinels.length + 1)),
      ...options.ioredis,
      host,
      port: options.port,
      username: options.username ?? env.REDIS_USERNAME,
      password: options.password ?? env.REDIS_PASSWORD,
      db,
      tls: tls === true ? {} : tls || undefined,
      sentinels: sentinels?.map((address) => ({ ...address })),
      name: options.name,
      connectTimeout: connectTimeoutMs,
    }),
    pool: {
      max,
      maxWaiting,
      acquireTimeoutMs: toMs(pool.acquireTimeout ?? DEFAULT_ACQUIRE_TIMEOUT_MS / 1_000, 'pool.acquireTimeout'),
      idleTimeoutMs: toMs(pool.idleTimeout ?? DEFAULT_IDLE_TIMEOUT_MS / 1_000, 'pool.idleTimeout'),
      checkAfterMs: toMs(pool.checkAfter ?? DEFAULT_CHECK_AFTER_MS / 1_000, 'pool.checkAfter'),
      closeOnError: pool.closeOnError ?? true,
    },
  }
}

function invalid(option: string, requirement: string): UsageError {
  return new UsageError('ERR_INVALID_OPTION', `\`${option}\` ${requirement}`, option)
}

function fromEnv<T>(env: Environment, name: string, parse: (text: string, name: string) => T): T | undefined {
  const text = env[name]
  return text === undefined || text === '' ? undefined : parse(text, name)
}

/** `true`, `1`, `false`, `0`. */
function toBoolean(text: string, name: string): boolean {
  if (/^(true|1)$/.test(text)) return true
  if (/^(false|0)$/.test(text)) return false
  throw invalid(name, 'must be true or false')
}

function duration(
  given: Duration | undefined,
  env: Environment,
  option: string,
  variable: string,
  defaultMs: number,
): number {
  const ms =
    given === undefined
      ? (fromEnv(env, variable, (text) => toMs(/^[\d.]+$/.test(text) ? Number(text) : (text as Duration), variable)) ??
        defaultMs)
      : toMs(given, option)
  if (ms === 0) throw invalid(given === undefined ? variable : option, 'must be more than 0')
  return ms
}

function assertInteger(value: number, least: number, option: string): void {
  if (!(Number.isSafeInteger(value) && value >= least)) throw invalid(option, `must be an integer of ${least} or more`)
}

function assertPort(port: number, option: string): void {
  if (!(Number.isInteger(port) && port > 0 && port < 65_536))
    throw invalid(option, 'must be an integer from 1 to 65535')
}

function assertAddresses(addresses: readonly Address[], option: string): void {
  if (!Array.isArray(addresses) || addresses.length === 0 || !addresses.every(({ host }) => host)) {
    throw invalid(option, 'must be a list of { host, port }, not empty')
  }
  for (const { port } of addresses) if (port !== undefined) assertPort(port, option)
}

function assertUrl(url: string, option: string): void {
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url))
    throw invalid(option, 'must be like redis://user:password@host:6379/0')
}

function definedOnly<T extends object>(record: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T
}
