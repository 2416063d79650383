import { adapterContract } from '@larder/core/testing'
import { createGateway, type Gateway } from '@larder/gateway'
import { Redis } from '@upstash/redis'
import { Redis as CloudflareRedis } from '@upstash/redis/cloudflare'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type HttpOptions, http } from '../../src/http/index.js'
import { http as httpOnWorkers } from '../../src/http/workerd.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'

const token = 'secret'
let redis: RedisServer
let gateway: Gateway
beforeAll(async () => {
  redis = await startRedis()
  gateway = await createGateway({ redis: redis.url, port: 0, token })
})
afterAll(async () => {
  await gateway.close()
  await redis.stop()
})

function passesTheContract(options: () => HttpOptions, create = http): void {
  for (const { capability, name, run } of adapterContract({ create: () => create(options()) })) {
    test(`${capability}: ${name}`, run)
  }
}

describe('the build for Node', () => passesTheContract(() => ({ url: gateway.url, token })))

describe('the build for Workers', () => passesTheContract(() => ({ url: gateway.url, token }), httpOnWorkers))

describe('scripts with the flag of Upstash', () =>
  passesTheContract(() => ({ url: gateway.url, token, upstash: true })))

describe('a client of the application, with the defaults of its own', () =>
  passesTheContract(() => ({ client: new Redis({ url: gateway.url, token }) })))

describe('a client of the application, for Workers', () =>
  passesTheContract(() => ({ client: new CloudflareRedis({ url: gateway.url, token }) }), httpOnWorkers))
