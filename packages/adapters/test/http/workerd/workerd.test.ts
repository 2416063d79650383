import { adapterContract } from '@larder/core/testing'
import { createGateway, type Gateway } from '@larder/gateway'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { http } from '../../../src/http/index.js'
import { type RedisServer, startRedis } from '../../support/redis-server.js'
import { startWorker, type Worker } from './start.js'

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

// Before and after promises of one request could be resolved by another.
describe.each(['2024-01-01', '2026-04-01'])('inside workerd, compatibility date %s', (date) => {
  let worker: Worker
  beforeAll(async () => {
    worker = await startWorker({ UPSTASH_REDIS_REST_URL: gateway.url, UPSTASH_REDIS_REST_TOKEN: token }, date)
  })
  afterAll(() => worker.stop())

  const names = adapterContract({ create: http }).map(({ capability, name }) => `${capability}: ${name}`)

  test('the suite is the one of Node', async () => {
    expect(await worker.get('/cases')).toEqual({ answer: names })
  })

  test.each(names.map((name, i) => [name, i] as const))('%s', async (_, i) => {
    expect(await worker.get(`/case?i=${i}`)).toEqual({ answer: 'passed' })
  })

  test('one adapter at module scope serves 100 requests at once', async () => {
    const ids = Array.from({ length: 100 }, (_, id) => id)
    const answers = await Promise.all(ids.map((id) => worker.get(`/shared?id=${id}`)))
    expect(answers).toEqual(ids.map((id) => ({ answer: `${id},,${id}` })))
  })

  test('a hit is one request and one command, and 256 at once as well', async () => {
    await worker.get('/many')
    await redis.resetStats()
    expect(await worker.get('/many')).toEqual({ answer: 256 })
    expect(await redis.commandStats()).toEqual({ mget: 1 })
    const first = await worker.get('/cached?id=1')
    expect(await worker.get('/cached?id=1')).toEqual(first)
    expect(await redis.commandStats()).toEqual({ mget: 3 })
  })
})
