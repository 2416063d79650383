import type { Cluster, ClusterNode, ClusterOptions, Redis, RedisOptions } from 'ioredis'
import { CONNECT_ONCE } from './connection.js'
import { type OpenClient, watchErrors } from './open-client.js'
import type { ResolvedTcpOptions } from './options.js'
import { toTypedError } from './reply-error.js'

/** Makes connected clients of one server, of the master that sentinels know, or of a cluster. */
export interface Clients {
  /** Rejects when it takes longer than `connectTimeout`, whatever the server does or fails to do. */
  open(): Promise<OpenClient>
  /** Opens a client for subscriptions, which comes back by itself. On a cluster it is one of the nodes given. */
  subscriber(): Promise<Redis>
}

/** What versions 5 and 6 have in common, of what is used here. */
interface Ioredis {
  readonly Redis: new (...args: [RedisOptions] | [url: string, RedisOptions]) => Redis
  readonly Cluster: new (nodes: ClusterNode[], options: ClusterOptions) => Cluster
}

/** The pause before a subscriber's next attempt: full jitter, up to 2 s. */
export const reconnectPause = (attempt: number) => Math.random() * Math.min(2_000, 50 * 2 ** attempt)

export function createClients(options: ResolvedTcpOptions): Clients {
  // Loaded on first need: it takes 40 ms, which importing this adapter must not.
  const load = async () => (await import('ioredis')) as unknown as Ioredis

  async function create(own: RedisOptions): Promise<Redis | Cluster> {
    if (!options.cluster) return createSingle(own)
    const { Cluster } = await load()
    const { retryStrategy, lazyConnect, ...nodes } = { ...options.redis, ...own } as RedisOptions
    return new Cluster(
      options.cluster.map((address) => ({ ...address })),
      {
        lazyConnect,
        clusterRetryStrategy: retryStrategy,
        redisOptions: nodes as ClusterOptions['redisOptions'] & object,
        enableReadyCheck: true,
        retryDelayOnFailover: 50,
        retryDelayOnClusterDown: 50,
        slotsRefreshTimeout: options.connectTimeoutMs,
      },
    )
  }

  async function createSingle(own: RedisOptions): Promise<Redis> {
    const { Redis } = await load()
    const redisOptions: RedisOptions = { ...options.redis, ...own }
    return options.url === undefined ? new Redis(redisOptions) : new Redis(options.url, redisOptions)
  }

  return {
    async open() {
      const client = await create({ ...CONNECT_ONCE, sentinelRetryStrategy: () => null })
      const opened = watchErrors(client)
      let timer: NodeJS.Timeout | undefined
      const tooLong = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('connecting took too long')), options.connectTimeoutMs)
      })
      try {
        await Promise.race([client.connect(), tooLong])
        return opened
      } catch (error) {
        client.disconnect()
        throw toTypedError(opened.lastError() ?? error)
      } finally {
        clearTimeout(timer)
      }
    },
    async subscriber() {
      // On a cluster any node will do, for each passes messages on to all. Of a connection of its own we hear when it
      // breaks; of the one inside a cluster client we do not.
      const nodes = options.cluster ?? [{}]
      let turn = Math.floor(Math.random() * nodes.length)
      const address = () => nodes[turn++ % nodes.length]
      for (let attempt = 1; ; attempt++) {
        const client = await createSingle({
          ...address(),
          lazyConnect: true,
          retryStrategy(attempt) {
            Object.assign(client.options, address())
            return reconnectPause(attempt)
          },
          sentinelRetryStrategy: reconnectPause,
          maxRetriesPerRequest: null,
          // Done by the subscriber: where ioredis does it and is refused, nobody handles that.
          autoResubscribe: false,
          enableReadyCheck: false,
        })
        client.on('error', () => {})
        try {
          return await connectOnce(client)
        } catch (error) {
          if (attempt === nodes.length) throw error
        }
      }
    },
  }
}

/** Connects a client that would go on trying for ever, known to nobody, if the first attempt fails. */
export async function connectOnce<Client extends Redis | Cluster>(client: Client): Promise<Client> {
  try {
    await client.connect()
    return client
  } catch (error) {
    client.disconnect()
    throw error
  }
}
