import { createLarder, type LimitRules } from '@larder/core'
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

test.each<[string, LimitRules, first: object, allowed: object, denied: object]>([
  ['sliding-window', { limit: 2, per: '1h' }, { get: 1, set: 1 }, { get: 1, pttl: 1, set: 1 }, { get: 1, pttl: 1 }],
  [
    'sliding-window, approximate',
    { limit: 2, per: '1h', approximate: true },
    { pttl: 1, set: 1 },
    { pttl: 1, get: 1, set: 1 },
    { pttl: 1, get: 1 },
  ],
  ['gcra', { limit: 2, per: '1h', algorithm: 'gcra' }, { pttl: 1, set: 1 }, { pttl: 1, getex: 1 }, { pttl: 1 }],
  [
    'gcra at an interval of no whole milliseconds',
    { limit: 7, burst: 2, per: '1h', algorithm: 'gcra' },
    { pttl: 1, set: 1 },
    { pttl: 1, get: 1, set: 1 },
    { pttl: 1, get: 1 },
  ],
  [
    'fixed-window',
    { limit: 2, per: '1h', algorithm: 'fixed-window' },
    { pttl: 1, set: 1 },
    { pttl: 1, get: 1, incrby: 1 },
    { pttl: 1, get: 1 },
  ],
  [
    'sliding-log',
    { limit: 2, per: '1h', algorithm: 'sliding-log' },
    { get: 1, set: 1 },
    { get: 1, pttl: 1, set: 1 },
    { get: 1, pttl: 1 },
  ],
  [
    'concurrency',
    { limit: 2, per: '1h', algorithm: 'concurrency' },
    { time: 1, get: 1, set: 1 },
    { time: 1, get: 1, set: 1 },
    { time: 1, get: 1 },
  ],
  [
    'two sliding windows and gcra at once',
    {
      limits: [
        { limit: 2, per: '1h' },
        { limit: 9, per: '2h' },
        { limit: 9, per: '3h', algorithm: 'gcra' },
      ],
    },
    { get: 2, pttl: 1, set: 3 },
    { get: 2, pttl: 3, set: 2, getex: 1 },
    { get: 2, pttl: 3 },
  ],
])('a check of %s is one EVALSHA, and inside it', async (_, rules, first, allowed, denied) => {
  const { limiter } = open()
  const api = limiter({ prefix: 'api', ...rules })
  await api.check('warm')
  expect(await bill(() => api.check('k'))).toEqual({ evalsha: 1, ...first })
  expect(await bill(() => api.check('k'))).toEqual({ evalsha: 1, ...allowed })
  expect(await bill(() => api.peek('k'))).toEqual({ evalsha: 1, ...denied })
  expect(await bill(() => api.check('k'))).toEqual({ evalsha: 1, ...denied })
})

test('a check that was refused costs nothing until it could pass', async () => {
  const { limiter } = open()
  const api = limiter({ prefix: 'api', limit: 1, per: '1h' })
  await api.check('k')
  await api.check('k')
  expect(
    await bill(async () => {
      for (let i = 0; i < 1_000; i++) await api.check('k')
    }),
  ).toEqual({})
})

test('refund and penalize are one EVALSHA, reset is one UNLINK; releasing a place is one EVALSHA', async () => {
  const { limiter } = open()
  const api = limiter({ prefix: 'api', limit: 3, per: '1h', algorithm: 'gcra' })
  await api.check('k', { cost: 3 })
  expect(await bill(() => api.refund('k'))).toEqual({ evalsha: 1, pttl: 1, getex: 1 })
  expect(await bill(() => api.penalize('k'))).toEqual({ evalsha: 1, pttl: 1, getex: 1 })
  expect(await bill(() => api.reset('k'))).toEqual({ unlink: 1 })
  const jobs = limiter({ prefix: 'jobs', limit: 2, per: '1h', algorithm: 'concurrency' })
  const [first, second] = [await jobs.check('k'), await jobs.check('k')]
  expect(await bill(async () => first.release?.())).toEqual({ evalsha: 1, time: 1, get: 1, set: 1 })
  expect(await bill(async () => second.release?.())).toEqual({ evalsha: 1, time: 1, get: 1, del: 1 })
})

test('with everything else asked of it, deny and allow lists and a dry run cost nothing more', async () => {
  const { limiter } = open()
  const api = limiter({ prefix: 'api', limit: 1, per: '1h', denyList: ['mallory'], allowList: ['ada'], dryRun: true })
  await api.check('warm')
  expect(await bill(async () => [await api.check('mallory'), await api.check('ada')])).toEqual({})
  expect(await bill(() => api.check('k'))).toEqual({ evalsha: 1, get: 1, set: 1 })
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
