import { createLarder } from '@larder/core'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { tcp } from '../../src/tcp/index.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())
beforeEach(() => redis.cli('FLUSHALL'))

function open() {
  const adapter = tcp({ url: redis.url })
  onTestFinished(() => adapter.close())
  const larder = createLarder({ adapter })
  const find = larder.cached(
    { ttl: '1m', prefix: 'find', tags: (id) => ['a', 'b', `id:${id % 2}`] },
    async (id: number) => ({ id }),
  )
  return { ...larder, adapter, find }
}

/** What the server ran meanwhile, by its own count. What scripts call inside counts too. */
async function bill(call: () => Promise<unknown>) {
  await redis.resetStats()
  await call()
  return redis.commandStats()
}

test('a hit with three tags is one command', async () => {
  const { find } = open()
  await find(1)
  expect(await bill(() => find(1))).toEqual({ mget: 1 })
})

test('a miss and its fill are two, and one more for each tag never seen before', async () => {
  const { find } = open()
  await find(0)
  expect(await bill(() => find(2))).toEqual({ mget: 1, set: 1 })
  expect(await bill(() => find(1))).toEqual({ mget: 1, set: 2 })
})

test('256 concurrent hits are one MGET', async () => {
  const { find } = open()
  const ids = Array.from({ length: 256 }, (_, id) => id)
  await Promise.all(ids.map(find))
  expect(await bill(() => Promise.all(ids.map(find)))).toEqual({ mget: 1 })
})

test('1,000 concurrent calls of one cold key are one read and one write', async () => {
  const { find } = open()
  await find(0)
  expect(await bill(() => Promise.all(Array.from({ length: 1_000 }, () => find(2))))).toEqual({ mget: 1, set: 1 })
})

test('many ids are one MGET, and one SET for each that was missing', async () => {
  const { cachedMany, health } = open()
  await health()
  const load = async (ids: number[]) => new Map(ids.filter((id) => id < 1_000).map((id) => [id, { id }]))
  const find = cachedMany({ ttl: '1m', prefix: 'many', tags: ['a', 'b'] }, load)
  const ids = (from: number, length: number) => Array.from({ length }, (_, i) => from + i)
  // The namespace, the prefix and two tags were never seen before.
  expect(await bill(() => find(ids(0, 50)))).toEqual({ mget: 1, set: 50 + 4 })
  expect(await bill(() => find(ids(0, 50)))).toEqual({ mget: 1 })
  expect(await bill(() => find(ids(40, 50)))).toEqual({ mget: 1, set: 40 })
  // Absent ids are stored as that, and known from then on.
  expect(await bill(() => find([1_000, 1_001]))).toEqual({ mget: 1, set: 2 })
  expect(await bill(() => find([1_000, 1, 1_001]))).toEqual({ mget: 1 })
  expect(await bill(() => find.evict([1, 2, 3]))).toEqual({ set: 3 })
  expect(await bill(() => find.refresh([500, 501, 502]))).toEqual({ mget: 1, set: 3 })
  expect(await bill(() => find.peek(ids(0, 50)))).toEqual({ mget: 1 })
})

test('concurrent calls for overlapping ids are one MGET, and each id is loaded and written once', async () => {
  const { cachedMany } = open()
  const loaded: number[] = []
  const find = cachedMany({ ttl: '1m', prefix: 'overlap' }, async (ids: number[]) => {
    loaded.push(...ids)
    return new Map(ids.map((id) => [id, id]))
  })
  await find([1_000])
  const calls = () => Promise.all([0, 5, 10, 15].map((from) => find(Array.from({ length: 10 }, (_, i) => from + i))))
  expect(await bill(calls)).toEqual({ mget: 1, set: 25 })
  expect(loaded.slice(1).sort((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, i) => i))
})

test('2,500 ids are three MGETs', async () => {
  const { cachedMany, health } = open()
  await health()
  const find = cachedMany({ ttl: '1m', prefix: 'large' }, async (ids: number[]) => new Map(ids.map((id) => [id, id])))
  const ids = Array.from({ length: 2_500 }, (_, id) => id)
  expect(await bill(() => find(ids))).toEqual({ mget: 3, set: 2_500 + 2 })
  expect(await bill(() => find(ids))).toEqual({ mget: 3 })
})

test('evicting a key, k tags, a method or everything is 1, k, 1 and 1', async () => {
  const { find, cache } = open()
  await find(1)
  expect(await bill(() => find.evict(1))).toEqual({ set: 1 })
  expect(await bill(() => cache.evictTags(['a', 'b', 'c']))).toEqual({ set: 3 })
  expect(await bill(() => find.evictAll())).toEqual({ set: 1 })
  expect(await bill(() => cache.clear())).toEqual({ set: 1 })
})

test('a rate-limit check is one EVALSHA', async () => {
  const { limiter } = open()
  const strict = limiter({ prefix: 'strict', limit: 1, per: '1h' })
  const smooth = limiter({ prefix: 'smooth', limit: 1, per: '1h', algorithm: 'gcra' })
  await Promise.all([strict.check('warm'), smooth.check('warm')])
  expect(await bill(() => strict.check('k'))).toEqual({ evalsha: 1, time: 1, get: 1, set: 1 })
  expect(await bill(() => strict.check('k'))).toEqual({ evalsha: 1, time: 1, get: 1 })
  expect(await bill(() => smooth.check('k'))).toEqual({ evalsha: 1, pttl: 1, set: 1 })
  expect(await bill(() => smooth.check('k'))).toEqual({ evalsha: 1, pttl: 1 })
})

test('health tells of the round trip, the breaker and the pool', async () => {
  const { health } = open()
  expect(await health()).toMatchObject({
    ok: true,
    adapters: {
      tcp: {
        ok: true,
        roundTripMs: expect.any(Number),
        breaker: 'closed',
        pool: { size: 1, free: 1, used: 0, pending: 0 },
      },
    },
  })
})

test('acquiring, extending and releasing a lock are one each', async () => {
  const { locks } = open()
  await (await locks.acquire('warm')).release()
  await locks.acquire('warm').then((lock) => lock.extend())
  const calls = async (call: () => Promise<unknown>) => (await bill(call)).evalsha
  let lock = await locks.acquire('job')
  await lock.release()
  expect(
    await calls(async () => {
      lock = await locks.acquire('job')
    }),
  ).toBe(1)
  expect(await calls(() => lock.extend())).toBe(1)
  expect(await calls(() => lock.release())).toBe(1)
})
