import { createGateway, type Gateway } from '@larder/gateway'
import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest'
import { type HttpAdapter, type HttpOptions, http } from '../../src/http/index.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { type HttpProxy, startHttpProxy } from './http-proxy.js'

export const token = 'the-secret-token'

/** A Redis, a gateway in front of it and a proxy in front of that, for the tests of one file. */
export interface Servers {
  readonly redis: RedisServer
  readonly gateway: Gateway
  readonly proxy: HttpProxy
  /** An adapter that talks through the proxy, closed at the end of the test. */
  open(options?: HttpOptions): HttpAdapter
}

export function setUpServers(): Servers {
  const servers = {
    open(options: HttpOptions = {}) {
      const adapter = http({ url: servers.proxy.url, token, ...options })
      onTestFinished(() => adapter.close())
      return adapter
    },
  } as { -readonly [Key in keyof Servers]: Servers[Key] }
  beforeAll(async () => {
    servers.redis = await startRedis()
    servers.gateway = await createGateway({ redis: servers.redis.url, port: 0, token })
    servers.proxy = await startHttpProxy(servers.gateway.url)
  })
  afterAll(async () => {
    await servers.proxy.stop()
    await servers.gateway.close()
    await servers.redis.stop()
  })
  beforeEach(async () => {
    await servers.redis.cli('FLUSHALL')
    servers.proxy.fault = undefined
    servers.proxy.rewrite = undefined
    servers.proxy.requests.length = 0
  })
  return servers
}
