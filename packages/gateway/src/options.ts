import { randomBytes } from 'node:crypto'
import { type Duration, toMs, UsageError } from '@larder/core'
import { parseTarget, type Target } from './redis/target.js'

export const DEFAULT_REDIS = 'redis://127.0.0.1:6379'
export const DEFAULT_HOST = '127.0.0.1'
export const DEFAULT_PORT = 8079
export const DEFAULT_MAX_BODY_BYTES = 10 * 1024 * 1024
export const DEFAULT_MAX_CONCURRENT = 256
export const DEFAULT_MAX_WAITING = 1_024
export const DEFAULT_MAX_TRANSACTIONS = 8
export const DEFAULT_MAX_STREAMS = 256
export const DEFAULT_CONNECT_TIMEOUT_MS = 2_000
export const DEFAULT_COMMAND_TIMEOUT_MS = 5_000
export const DEFAULT_HEARTBEAT_MS = 15_000

/** Where the gateway listens, what is behind it, and how much it takes at a time. An option wins over its variable. */
export interface GatewayOptions {
  /**
   * The Redis behind it: `redis://user:password@host:port/db`, or `rediss://` for TLS.
   * @default `REDIS_URL`, else `redis://127.0.0.1:6379`
   */
  readonly redis?: string | undefined
  /** The address to listen on. Beyond loopback everyone on the network can reach it. @default `LARDER_GATEWAY_HOST`, else `127.0.0.1` */
  readonly host?: string | undefined
  /** An integer from 0 to 65535; 0 takes a free one. @default `LARDER_GATEWAY_PORT`, else 8079 */
  readonly port?: number | undefined
  /** What clients have to show: printable ASCII without blanks. @default `LARDER_GATEWAY_TOKEN`, else a random one */
  readonly token?: string | undefined
  /** Gets one line for each request that was answered: names of commands, never keys, values or the token. @default none */
  readonly log?: ((line: string) => void) | undefined
  /** The largest body of a request in bytes, 1 or more. @default 10 MiB */
  readonly maxBodyBytes?: number | undefined
  /** How many requests are worked on at a time, 1 or more. @default 256 */
  readonly maxConcurrent?: number | undefined
  /** How many more may wait for their turn; beyond it is a 503. 0 or more. @default 1024 */
  readonly maxWaiting?: number | undefined
  /** How many `/multi-exec` run at a time, each on a connection of its own. 1 or more. @default 8 */
  readonly maxTransactions?: number | undefined
  /** How many event streams may be open, each on a connection of its own. 1 or more. @default 256 */
  readonly maxStreams?: number | undefined
  /** The most time that connecting to Redis may take. More than 0. @default '2s' */
  readonly connectTimeout?: Duration | undefined
  /** How long Redis may owe an answer before its connection is given up. More than 0. @default '5s' */
  readonly commandTimeout?: Duration | undefined
  /**
   * How often an event stream shows its client that it lives, by a comment, and asks Redis whether it does: one that has not
   * answered until the next time ends the stream. More than 0.
   * @default '15s'
   */
  readonly heartbeat?: Duration | undefined
}

export interface ResolvedGatewayOptions {
  readonly target: Target
  readonly host: string
  readonly port: number
  readonly token: string
  readonly log: ((line: string) => void) | undefined
  readonly maxBodyBytes: number
  readonly maxConcurrent: number
  readonly maxWaiting: number
  readonly maxTransactions: number
  readonly maxStreams: number
  readonly connectTimeoutMs: number
  readonly commandTimeoutMs: number
  readonly heartbeatMs: number
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Options, behind them the environment, behind that the defaults.
 * @throws UsageError that names the option or the variable at fault, and never a secret.
 */
export function resolveGatewayOptions(
  options: GatewayOptions = {},
  env: Environment = process.env,
): ResolvedGatewayOptions {
  const [redis = DEFAULT_REDIS, redisFrom] = pick(options.redis, 'redis', env, 'REDIS_URL')
  const [host = DEFAULT_HOST, hostFrom] = pick(options.host, 'host', env, 'LARDER_GATEWAY_HOST')
  const [port = DEFAULT_PORT, portFrom] = pick<number | string>(options.port, 'port', env, 'LARDER_GATEWAY_PORT')
  const [token, tokenFrom] = pick(options.token, 'token', env, 'LARDER_GATEWAY_TOKEN')
  if (typeof host !== 'string' || host === '') throw invalid(hostFrom, 'must be an address or a host name')
  if (token !== undefined && !(typeof token === 'string' && /^[\x21-\x7e]+$/.test(token))) {
    throw invalid(tokenFrom, 'must be printable ASCII without blanks, not empty')
  }
  const { log } = options
  if (log !== undefined && typeof log !== 'function') throw invalid('log', 'must be a function of a line')
  return {
    target: parseTarget(redis, redisFrom),
    host,
    port: integer(port === '' ? Number.NaN : Number(port), portFrom, 0, 65_535),
    token: token ?? randomBytes(24).toString('base64url'),
    log,
    maxBodyBytes: integer(options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES, 'maxBodyBytes', 1),
    maxConcurrent: integer(options.maxConcurrent ?? DEFAULT_MAX_CONCURRENT, 'maxConcurrent', 1),
    maxWaiting: integer(options.maxWaiting ?? DEFAULT_MAX_WAITING, 'maxWaiting', 0),
    maxTransactions: integer(options.maxTransactions ?? DEFAULT_MAX_TRANSACTIONS, 'maxTransactions', 1),
    maxStreams: integer(options.maxStreams ?? DEFAULT_MAX_STREAMS, 'maxStreams', 1),
    connectTimeoutMs: toMs(options.connectTimeout ?? DEFAULT_CONNECT_TIMEOUT_MS / 1_000, 'connectTimeout', 1),
    commandTimeoutMs: toMs(options.commandTimeout ?? DEFAULT_COMMAND_TIMEOUT_MS / 1_000, 'commandTimeout', 1),
    heartbeatMs: toMs(options.heartbeat ?? DEFAULT_HEARTBEAT_MS / 1_000, 'heartbeat', 1),
  }
}

/** What is given, or the variable, an empty one as none; and the name of the place it is from. */
function pick<T>(
  given: T | undefined,
  option: string,
  env: Environment,
  variable: string,
): [T | string | undefined, string] {
  if (given !== undefined) return [given, option]
  return env[variable] ? [env[variable], variable] : [undefined, option]
}

function integer(value: number, option: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  const range = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`
  throw invalid(option, `must be an integer ${range}`)
}

function invalid(option: string, requirement: string): UsageError {
  return new UsageError('ERR_INVALID_OPTION', `\`${option}\` ${requirement}`, option)
}
