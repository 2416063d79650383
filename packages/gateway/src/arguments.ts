import { parseArgs } from 'node:util'
import type { GatewayOptions } from './options.js'

export const HELP = `larder-gateway: the Upstash REST protocol in front of any Redis.

  larder-gateway [--redis URL] [--port PORT] [--token TOKEN]

Options, and the variable that stands for each:
  --redis URL             Redis to serve, redis:// or rediss://    REDIS_URL, else redis://127.0.0.1:6379
  --host ADDRESS          address to listen on                     LARDER_GATEWAY_HOST, else 127.0.0.1
  --port PORT             0 takes a free one                       LARDER_GATEWAY_PORT, else 8079
  --token TOKEN           what clients have to show                LARDER_GATEWAY_TOKEN, else a random one
  --max-body BYTES        largest body of a request                10485760
  --max-concurrent N      requests worked on at a time             256
  --command-timeout TIME  how long Redis may owe an answer         5s
  --log                   a line for each request
  --version               print the version
  --help                  print this

A token on the command line can be seen by other users of the machine: prefer the variable.
Ends on SIGINT and SIGTERM after requests under way. Exit codes: 0 ended, 1 could not start, 2 wrong usage.
`

/** What the command line asks for. */
export type Wish =
  | { readonly kind: 'help' | 'version' }
  | { readonly kind: 'serve'; readonly options: GatewayOptions; readonly log: boolean }

/** @throws an Error for an option that there is not. Values are checked where they are used. */
export function parseArguments(args: readonly string[]): Wish {
  const { values } = parseArgs({
    args: [...args],
    options: {
      redis: { type: 'string' },
      host: { type: 'string' },
      port: { type: 'string' },
      token: { type: 'string' },
      'max-body': { type: 'string' },
      'max-concurrent': { type: 'string' },
      'command-timeout': { type: 'string' },
      log: { type: 'boolean', default: false },
      version: { type: 'boolean', short: 'v' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return { kind: 'help' }
  if (values.version) return { kind: 'version' }
  const options = {
    redis: values.redis,
    host: values.host,
    port: toNumber(values.port),
    token: values.token,
    maxBodyBytes: toNumber(values['max-body']),
    maxConcurrent: toNumber(values['max-concurrent']),
    commandTimeout: toDuration(values['command-timeout']),
  }
  return { kind: 'serve', options, log: values.log }
}

/** `5s`, or a number of seconds. Whether it is one is checked where it is used, as with all values. */
function toDuration(text: string | undefined): GatewayOptions['commandTimeout'] {
  return text !== undefined && /^[\d.]+$/.test(text) ? Number(text) : (text as GatewayOptions['commandTimeout'])
}

/** NaN for an empty text, which `Number` takes for 0. */
function toNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : text.trim() === '' ? Number.NaN : Number(text)
}
