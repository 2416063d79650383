import { createGateway, type Gateway } from '@larder/gateway'
import { type RedisServer, startRedis } from '../../../../packages/adapters/test/support/redis-server.js'
import { startTideTables, type TideTables } from '../../local/tide-tables.js'
import { startWorker } from '../../local/worker.js'
import { type Client, createClient } from './client.js'

export const ADMIN_TOKEN = 'the admin token'

/** How long the tables take to answer. */
export const METHOD_MS = 60

/** What is around the Workers of a test: real servers, all on this machine. */
export interface World extends AsyncDisposable {
  readonly redis: RedisServer
  readonly gateway: Gateway
  readonly tables: TideTables
  /** Starts a Worker. Several share the Redis, as isolates of one deployment do. */
  start(options?: StartOptions): Promise<Client>
  stop(): Promise<void>
}

export interface StartOptions {
  /** Beside where the tables and Redis are. */
  readonly vars?: Readonly<Record<string, string>>
  readonly flags?: readonly string[]
  /** Where the Worker finds its Redis; `null` for none. @default the world's gateway */
  readonly upstash?: { readonly url: string; readonly token: string } | null
}

export async function startWorld(): Promise<World> {
  const redis = await startRedis()
  const gateway = await createGateway({ redis: redis.url, port: 0 })
  const tables = await startTideTables(METHOD_MS)
  const clients: Client[] = []
  const stop = async () => {
    await Promise.all(clients.map((client) => client.stop()))
    await Promise.all([gateway.close(), tables.close()])
    await redis.stop()
  }
  return {
    redis,
    gateway,
    tables,
    async start({ vars, flags = [], upstash = gateway } = {}) {
      const worker = await startWorker({
        compatibilityFlags: flags,
        vars: {
          ADMIN_TOKEN,
          TIDES_URL: tables.url,
          ...(upstash && { UPSTASH_REDIS_REST_URL: upstash.url, UPSTASH_REDIS_REST_TOKEN: upstash.token }),
          ...vars,
        },
      })
      const client = createClient(worker)
      clients.push(client)
      return client
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
