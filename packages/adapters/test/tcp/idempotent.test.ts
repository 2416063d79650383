import { createLarder } from '@larder/core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { idempotentCalls } from '../../../core/test/idempotent/suite.js'
import { tcp } from '../../src/tcp/index.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { waitUntil } from '../support/wait-until.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

idempotentCalls(() => tcp({ url: redis.url }))

test('a call during which the server went away and came back is not made twice', async () => {
  await using own = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  const adapter = tcp({ url: own.url })
  onTestFinished(() => adapter.close())
  const { idempotent } = createLarder({ adapter })
  let runs = 0
  const pay = idempotent({ prefix: 'pay', key: (id: string) => id }, async (id: string) => {
    runs++
    await own.kill()
    return `paid ${id}`
  })
  // The store is gone when its result should be kept.
  expect(await pay('a')).toBe('paid a')
  await own.restart({ keepData: true })
  expect(await waitUntil('it is kept', () => pay('a'), { timeoutMs: 20_000, everyMs: 50 })).toBe('paid a')
  expect(runs).toBe(1)
})
