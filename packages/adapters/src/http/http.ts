import { type Adapter, type CallOptions, LarderError } from '@larder/core'
import type { Commands } from './commands.js'
import type { Connection, RedisBuild } from './connect.js'
import { type Command, foldCommands } from './fold.js'
import type { HttpOptions, UpstashRedis } from './options.js'
import type { createPubSub } from './pubsub.js'
import { createPost, type Reply } from './request.js'

/** The adapter, with its client's type. */
export interface HttpAdapter extends Adapter {
  /**
   * The client of @upstash/redis underneath: your own where one was given, else one without retries and without
   * deserialization, so that values are the strings that they are.
   * @throws LarderError (`ERR_CLOSED`) after `close()`; UsageError when the environment has no URL or token
   */
  client(): Promise<UpstashRedis>
}

/** What differs between the places where the adapter runs. Chosen by the package's export conditions. */
export interface HttpPlatform {
  /** The client's build for the place. */
  readonly redis: () => RedisBuild | Promise<RedisBuild>
  /** Only where a request may last as long as a subscription. */
  readonly createPubSub?: typeof createPubSub
}

/** The adapter for a platform. What a hit does not need is loaded on first need: Workers pay for what they load. */
export function createHttp(options: HttpOptions, platform: HttpPlatform): HttpAdapter {
  let connection: Connection | undefined
  let commands: Commands | undefined
  let closed = false
  let billed = 0

  /** A failed attempt is forgotten. Of two at once, the first to be done counts. */
  async function connect(): Promise<Connection> {
    if (!connection) {
      const made = await (await import('./connect.js')).connect(options, platform.redis)
      connection ??= made
    }
    return connection
  }

  function assertOpen(): void {
    if (closed) throw new LarderError('ERR_CLOSED', 'this http adapter was closed')
  }
  const fold = foldCommands(createPost(connect))
  async function send(command: Command, call?: CallOptions): Promise<Reply> {
    assertOpen()
    billed++
    return fold(command, call?.signal)
  }
  async function resultOf({ error, result }: Reply): Promise<unknown> {
    if (result !== undefined) return result
    throw (await import('./errors.js')).toReplyError(error, (await connect()).tokenFrom)
  }

  const isUpstash = async () => (await connect()).isUpstash
  const bill = (count: number) => {
    billed += count
  }
  let began = false
  const later = <Name extends keyof Commands>(name: Name) =>
    (async (...args: unknown[]) => {
      began = true
      commands ??= (await import('./commands.js')).createCommands({ send, resultOf, isUpstash, bill })
      return (commands[name] as (...args: unknown[]) => unknown)(...args)
      // The method of that name, with the arguments that it was called with.
    }) as Commands[Name]

  const pubsub = platform.createPubSub?.({ send, resultOf, connect, assertOpen })

  return {
    name: 'http',
    capabilities: {
      subscribe: !!pubsub,
      standingSubscriptions: false,
      scripts: 'lua',
      atomicSet: false,
      payPerCommand: true,
      ttlGranularityMs: 1,
      budgetMs: 1_000,
    },
    ...pubsub,
    async getMany(keys, call) {
      // A write of this very tick is still being loaded. It comes first.
      if (began && !commands) await import('./commands.js')
      return keys.length ? ((await resultOf(await send(['MGET', ...keys], call))) as (string | null)[]) : []
    },
    set: later('set'),
    delete: later('delete'),
    deleteIf: later('deleteIf'),
    expireIf: later('expireIf'),
    deleteMatching: later('deleteMatching'),
    run: later('run'),
    ping: later('ping'),
    billed: () => billed,
    async client() {
      assertOpen()
      return (await connect()).redis
    },
    async close() {
      closed = true
      pubsub?.close()
    },
  }
}
