import {
  type Adapter,
  assertTtl,
  type CallOptions,
  type Channels,
  LarderError,
  type Listener,
  type Subscription,
} from '@larder/core'
import type { Redis } from '@upstash/redis'
import { type Command, foldCommands } from './fold.js'
import { checkOptions, findCredentials, type HttpOptions, type UpstashRedis } from './options.js'
import { type Connection, createPost, type Reply } from './request.js'
import { restClient } from './rest-client.js'
import type { ServerScript } from './scripts.js'

/** How many keys one step of a walk through the store looks at. */
const SCAN_COUNT = 1_000

export interface HttpAdapter extends Adapter {
  client(): Promise<UpstashRedis>
}

/** What differs between the places where the adapter runs. Chosen by the package's export conditions. */
export interface HttpPlatform {
  /** The client's build for the place. */
  redis(): RedisBuild | Promise<RedisBuild>
  /** Where a request may last as long as a subscription. */
  subscriber?(): Promise<typeof import('./subscriber.js')>
}

/** What the builds have in common, of what is used here. */
type RedisBuild = new (config: {
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

export function createHttp(options: HttpOptions, platform: HttpPlatform): HttpAdapter {
  const { requestTimeoutMs } = checkOptions(options)
  let connection: (Connection & { redis: UpstashRedis }) | undefined
  let closed = false

  /** At once, but for the first time. A failed attempt is forgotten. */
  async function connect() {
    if (connection) return connection
    if (options.client) return settle(options.client, 'client')
    const { url, token, tokenFrom } = findCredentials(options)
    const Build = await platform.redis()
    return (
      connection ??
      settle(
        new Build({
          url,
          token,
          // Not `false`, which means one: https://github.com/upstash/redis-js.
          retry: { retries: 0 },
          automaticDeserialization: false,
          enableAutoPipelining: false,
          enableTelemetry: false,
          readYourWrites: options.readYourWrites ?? true,
          responseEncoding: false,
          // For whoever uses `client()`. Our own requests have each their own.
          signal: () => AbortSignal.timeout(requestTimeoutMs),
        }),
        tokenFrom,
      )
    )
  }
  function settle(redis: UpstashRedis, tokenFrom: string) {
    const rest = restClient(redis)
    const isUpstash = options.upstash ?? /^https:\/\/[^/]+\.upstash\.io(\/|$)/.test(rest.baseUrl ?? '')
    connection = { redis, rest, tokenFrom, isUpstash }
    return connection
  }

  const fold = foldCommands(createPost(connect, requestTimeoutMs))

  function sendRaw(command: Command, call?: CallOptions): Promise<Reply> {
    return closed
      ? Promise.reject(new LarderError('ERR_CLOSED', 'this http adapter was closed'))
      : fold(command, call?.signal)
  }
  async function resultOf({ error, result }: Reply): Promise<unknown> {
    if (error === undefined) return result
    throw (await import('./errors.js')).toReplyError(error, (await connect()).tokenFrom)
  }
  const send = (command: Command, call?: CallOptions) => sendRaw(command, call).then(resultOf)

  async function run(
    script: ServerScript,
    keys: readonly string[],
    args: readonly (string | number)[],
    call?: CallOptions,
  ): Promise<unknown> {
    const { compile } = await import('./scripts.js')
    const { text, digest } = await compile(script, (await connect()).isUpstash)
    const rest = [String(keys.length), ...keys, ...args.map(String)]
    const reply = await sendRaw(['EVALSHA', digest, ...rest], call)
    // A refused digest has done nothing.
    return resultOf(reply.error?.startsWith('NOSCRIPT') ? await sendRaw(['EVAL', text, ...rest], call) : reply)
  }

  /** The commands with a condition that this server does not have. Redis has them since 8.4. */
  const missing = new Set<string>()

  /** A step with a condition on the old value: one command where the server has it, and a script elsewhere. */
  async function only(
    command: Command,
    script: 'setIf' | 'deleteIf' | 'expireIf',
    args: readonly string[],
    call: CallOptions | undefined,
  ): Promise<boolean> {
    const [name, key] = command as [string, string]
    if (!missing.has(name)) {
      const reply = await sendRaw(command, call)
      // Not known, or not allowed: nothing was done.
      if (!/^(ERR|NOPERM)/.test(reply.error ?? '')) return isDone(await resultOf(reply))
      missing.add(name)
    }
    const scripts = await import('./scripts.js')
    return isDone(await run(scripts[script], [key], args, call))
  }

  const { subscriber: load } = platform
  let subscriber: import('./subscriber.js').Subscriber | undefined

  return {
    name: 'http',
    capabilities: { subscribe: !!load, scripts: 'lua', atomicSet: false, ttlGranularityMs: 1, budgetMs: 1_000 },

    async getMany(keys, call) {
      return keys.length ? ((await send(['MGET', ...keys], call)) as (string | null)[]) : []
    },

    async set(key, value, options) {
      const { ttlMs, when } = options ?? {}
      assertTtl(ttlMs)
      const ttl = ttlMs === undefined ? [] : [String(ttlMs)]
      const px = ttl.flatMap((ms) => ['PX', ms])
      if (typeof when === 'object') {
        const { matches } = when
        return only(['SET', key, value, 'IFEQ', matches, ...px], 'setIf', [matches, value, ...ttl], options)
      }
      return isDone(await send(['SET', key, value, ...px, ...(when ? ['NX'] : [])], options))
    },

    async delete(keys, call) {
      return keys.length ? ((await send(['UNLINK', ...keys], call)) as number) : 0
    },

    deleteIf: (key, matches, call) => only(['DELEX', key, 'IFEQ', matches], 'deleteIf', [matches], call),

    async expireIf(key, matches, ttlMs, call) {
      assertTtl(ttlMs)
      const ms = String(ttlMs)
      // The same value once more, with another time to live.
      return only(['SET', key, matches, 'IFEQ', matches, 'PX', ms], 'expireIf', [matches, ms], call)
    },

    async deleteMatching(pattern, call) {
      let cursor = '0'
      let found: string[] = []
      let deleted = 0
      do {
        // What the step before has found goes out together with the next.
        const unlinked = found.length ? send(['UNLINK', ...found], call) : 0
        const step = send(['SCAN', cursor, 'MATCH', pattern, 'COUNT', String(SCAN_COUNT)], call)
        const [count, [next, keys]] = (await Promise.all([unlinked, step])) as [number, [string, string[]]]
        deleted += count
        cursor = String(next)
        found = keys
      } while (cursor !== '0')
      return deleted + (found.length ? ((await send(['UNLINK', ...found], call)) as number) : 0)
    },

    run: (script, keys, args, call) => run(script, keys, args, call) as Promise<never>,

    async ping(call) {
      const startedMs = performance.now()
      await send(['PING'], call)
      return performance.now() - startedMs
    },

    async client() {
      if (closed) throw new LarderError('ERR_CLOSED', 'this http adapter was closed')
      return (await connect()).redis
    },

    async close() {
      closed = true
      subscriber?.close()
    },

    ...(load && {
      publish: async (channel: string, message: string) => {
        const { toWire } = await load()
        return (await send(['PUBLISH', channel, toWire(message)])) as number
      },
      subscribe: async (channels: Channels, listener: Listener): Promise<Subscription> => {
        const { createSubscriber } = await load()
        if (closed) throw new LarderError('ERR_CLOSED', 'this http adapter was closed')
        subscriber ??= createSubscriber(connect, requestTimeoutMs)
        return subscriber.subscribe(channels, listener)
      },
    }),
  }
}

/** What commands and scripts with a condition give when they have done what they were asked. */
function isDone(result: unknown): boolean {
  return result === 'OK' || result === 1
}
