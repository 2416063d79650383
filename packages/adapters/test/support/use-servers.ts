import { createGateway, type Gateway } from '@larder/gateway'
import { afterAll, beforeAll } from 'vitest'
import { GATEWAY_TOKEN } from './limit-adapters.js'
import { type RedisServer, startRedis } from './redis-server.js'

/** A Redis server and a gateway in front of it, there for all tests of a file. */
export function useServers() {
  let redis: RedisServer
  let gateway: Gateway
  beforeAll(async () => {
    redis = await startRedis()
    gateway = await createGateway({ redis: redis.url, port: 0, token: GATEWAY_TOKEN })
  })
  afterAll(async () => {
    await gateway?.close()
    await redis?.stop()
  })
  return {
    get redis() {
      return redis
    },
    /** Where an adapter of this name finds them. */
    urlFor: (adapter: string | undefined) => (adapter === 'http' ? gateway.url : redis.url),
  }
}
