import { createLarder } from '@larder/core'
import { adapterContract } from '@larder/core/testing'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tcp } from '../../src/tcp/index.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'

let redis: RedisServer
let client: Redis
beforeAll(async () => {
  redis = await startRedis()
  client = new Redis(redis.url)
})
afterAll(async () => {
  client.disconnect()
  await redis.stop()
})

describe('a client of the application', () => {
  for (const { capability, name, run } of adapterContract({ create: () => tcp({ client }) })) {
    test(`${capability}: ${name}`, run)
  }
})

test('stays open when the adapter is closed, and is what client() gives', async () => {
  const adapter = tcp({ client })
  expect(await adapter.client()).toBe(client)
  await createLarder({ adapter }).cached('1m', 'find', async () => 1)()
  await adapter.close()
  expect(await client.ping()).toBe('PONG')
})

test('has no connections to lease', async () => {
  await expect(tcp({ client }).withConnection(async () => 1)).rejects.toMatchObject({
    code: 'ERR_INVALID_OPTION',
    option: 'client',
  })
})
