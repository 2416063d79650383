// A Redis for development: one that is there, one of our own, or none.
import { startRedis } from '../../../packages/adapters/test/support/redis-server.js'

export interface LocalRedis {
  readonly url: string
  /** For people to read. Never the URL itself: it may hold a password. */
  readonly where: string
  stop(): Promise<void>
}

/**
 * The Redis that `REDIS_URL` names, else one of our own, which ends with this process and keeps nothing.
 * @returns `undefined` where no redis-server can be found
 */
export async function openRedis(url = process.env.REDIS_URL): Promise<LocalRedis | undefined> {
  if (url) return { url, where: `the Redis at ${new URL(url).host}`, async stop() {} }
  try {
    const server = await startRedis()
    return { url: server.url, where: `a redis-server of its own at ${server.host}:${server.port}`, stop: server.stop }
  } catch (error) {
    console.log((error as Error).message)
    return undefined
  }
}
