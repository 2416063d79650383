import type { Cluster, ClusterNode, ClusterOptions, Redis, RedisOptions } from 'ioredis'
import { CONNECT_ONCE } from './connection.js'
import { type OpenClient, watchErrors } from './open-client.js'
import type { ResolvedTcpOptions } from './options.js'
import { toTypedError } from './reply-error.js'

/** Makes connected clients of one server, of the master that sentinels know, or of a cluster. */
export interface Clients {
  /** Rejects when it takes longer than `connectTimeout`, whatever the server does or fails to do. */
  open(): Promise<OpenClient>
  /** A client for subscriptions, which comes back by itself and is not connected yet. */
  subscriber(): Promise<Redis | Cluster>
}

/** What versions 5 and 6 have in common, of what is used here. */
interface Ioredis {
  readonly Redis: new (...args: [RedisOptions] | [url: string, RedisOptions]) => Redis
  readonly Cluster: new (nodes: ClusterNode[], options: ClusterOptions) => Cluster
}

/** The pause before a subscriber's next attempt: full jitter, up to 2 s. */
const reconnectPause = (attempt: number) => Math.random() * Math.min(2_000, 50 * 2 ** attempt)

export function createClients(options: ResolvedTcpOptions): Clients {
  async function create(own: RedisOptions): Promise<Redis | Cluster> {
    // Loaded on first need: it takes 40 ms, which importing this adapter must not.
    const { Cluster, Redis } = (await import('ioredis')) as unknown as Ioredis
    const redisOptions: RedisOptions = { ...options.redis, ...own }
    if (options.cluster) {
      const { retryStrategy, lazyConnect, ...nodes } = redisOptions
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
      const client = await create({
        lazyConnect: true,
        retryStrategy: reconnectPause,
        sentinelRetryStrategy: reconnectPause,
        maxRetriesPerRequest: null,
        enableReadyCheck: false,
      })
      client.on('error', () => {})
      return client
    },
  }
}
