import { createLarder, type Lock, type LockOptions } from '@larder/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TcpAdapter, tcp } from '../../src/tcp/index.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'

let redis: RedisServer
let adapter: TcpAdapter
beforeAll(async () => {
  redis = await startRedis()
  adapter = tcp({ url: redis.url })
  await adapter.ping()
})
afterAll(async () => {
  await adapter.close()
  await redis.stop()
})

/** What the server ran meanwhile. What scripts call inside counts too. */
async function bill(call: () => Promise<unknown>) {
  await redis.resetStats()
  await call()
  return redis.commandStats()
}

test.each<[string, string | string[], LockOptions, object, object, object]>([
  ['a plain lock', 'job', {}, { set: 1, incr: 1 }, { get: 1, pexpire: 1 }, { get: 1, del: 1, publish: 1 }],
  [
    'two locks together',
    ['{a}1', '{a}2'],
    {},
    { get: 4, time: 1, set: 4 },
    { get: 2, pexpire: 2 },
    { get: 2, del: 2, publish: 2 },
  ],
  [
    'a fair lock',
    'fair',
    { fair: true },
    { get: 2, time: 1, set: 2 },
    { get: 1, time: 1, set: 1 },
    { get: 1, time: 1, del: 1, publish: 1 },
  ],
])('%s: acquire, extend and release are one command each', async (_, key, options, acquire, extend, release) => {
  const { locks } = createLarder({ adapter })
  const warm = await locks.acquire(key, options)
  await warm.extend()
  await warm.release()
  let lock: Lock | undefined
  const acquired = await bill(async () => {
    lock = await locks.acquire(key, { ...options, extend: false })
  })
  expect(acquired).toEqual({ evalsha: 1, ...acquire })
  expect(await bill(async () => lock?.extend())).toEqual({ evalsha: 1, ...extend })
  expect(await bill(async () => lock?.release())).toEqual({ evalsha: 1, ...release })
})

test('16 callers of one process take 16 commands to get it and 16 to let go', async () => {
  const { locks } = createLarder({ adapter })
  const all = await bill(() =>
    Promise.all(
      Array.from({ length: 16 }, async () => {
        const lock = await locks.acquire('crowd', { wait: '20s' })
        await lock.release()
      }),
    ),
  )
  expect(all.evalsha).toBe(32)
})
