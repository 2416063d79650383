import { compressed, createLarder } from '@larder/core'
import { expect, test } from 'vitest'
import { setUpServers } from './setup.js'

const servers = setUpServers()

function open() {
  const adapter = servers.open()
  const larder = createLarder({ adapter })
  const find = larder.cached(
    { ttl: '1m', prefix: 'find', tags: (id) => ['a', 'b', `id:${id % 2}`] },
    async (id: number) => ({ id }),
  )
  return { ...larder, adapter, find }
}

/** Requests sent meanwhile, and what Redis ran, by its own count. What scripts call inside counts too: Upstash bills it. */
async function bill(call: () => Promise<unknown>) {
  const { redis, proxy } = servers
  proxy.requests.length = 0
  await redis.resetStats()
  await call()
  return { requests: proxy.requests.length, ...(await redis.commandStats()) }
}

test('a hit with three tags is one request and one command', async () => {
  const { find } = open()
  await find(1)
  expect(await bill(() => find(1))).toEqual({ requests: 1, mget: 1 })
})

test('a miss and its fill are two, and one command more for each tag never seen before', async () => {
  const { find } = open()
  await find(0)
  expect(await bill(() => find(2))).toEqual({ requests: 2, mget: 1, set: 1 })
  expect(await bill(() => find(1))).toEqual({ requests: 2, mget: 1, set: 2 })
})

test('1,000 concurrent calls of one cold key are one read and one write', async () => {
  const { find } = open()
  await find(0)
  const calls = () => Promise.all(Array.from({ length: 1_000 }, () => find(2)))
  expect(await bill(calls)).toEqual({ requests: 2, mget: 1, set: 1 })
})

test('many ids are two requests: one MGET, and one SET for each that was missing', async () => {
  const { cachedMany } = open()
  const find = cachedMany(
    { ttl: '1m', prefix: 'many', tags: ['a'], serializer: compressed({ over: 0 }) },
    async (ids: number[]) => new Map(ids.map((id) => [id, new Date(id)])),
  )
  const ids = (from: number, length: number) => Array.from({ length }, (_, i) => from + i)
  await find([0])
  expect(await bill(() => find(ids(0, 51)))).toEqual({ requests: 2, mget: 1, set: 50 })
  expect(await bill(() => find(ids(0, 51)))).toEqual({ requests: 1, mget: 1 })
  expect(await bill(() => find.evict(ids(0, 51)))).toEqual({ requests: 1, set: 51 })
})

test('evicting a key, k tags, a method or everything is 1, k, 1 and 1, in one request each', async () => {
  const { find, cache } = open()
  await find(1)
  expect(await bill(() => find.evict(1))).toEqual({ requests: 1, set: 1 })
  expect(await bill(() => cache.evictTags(['a', 'b', 'c']))).toEqual({ requests: 1, set: 3 })
  expect(await bill(() => find.evictAll())).toEqual({ requests: 1, set: 1 })
  expect(await bill(() => cache.clear())).toEqual({ requests: 1, set: 1 })
})

test('a fill over what was there is one script on a server without SET IFEQ, which is tried once', async () => {
  const { find } = open()
  await find(1)
  await find.evict(1)
  const fill = () => bill(() => find(1))
  expect((await fill()).requests).toBe(4) // the read, the try, EVALSHA unknown to the server, EVAL
  await find.evict(1)
  expect(await fill()).toEqual({ requests: 2, mget: 1, evalsha: 1, get: 1, set: 1 })
})

test('a rate-limit check is one EVALSHA, and the script calls two commands', async () => {
  const { limiter } = open()
  const smooth = limiter({ prefix: 'smooth', limit: 1, per: '1h', algorithm: 'gcra' })
  await smooth.check('warm')
  expect(await bill(() => smooth.check('k'))).toEqual({ requests: 1, evalsha: 1, pttl: 1, set: 1 })
  expect(await bill(() => smooth.check('k'))).toEqual({ requests: 1, evalsha: 1, pttl: 1 })
})

test('acquiring, extending and releasing a lock are one request each', async () => {
  const { locks } = open()
  const warm = await locks.acquire('warm')
  await warm.extend()
  await warm.release()
  let lock = await locks.acquire('job')
  await lock.release()
  const acquired = await bill(async () => {
    lock = await locks.acquire('job')
  })
  expect(acquired).toMatchObject({ requests: 1, evalsha: 1 })
  expect(await bill(() => lock.extend())).toEqual({ requests: 1, evalsha: 1, get: 1, pexpire: 1 })
  expect(await bill(() => lock.release())).toMatchObject({ requests: 1, evalsha: 1, get: 1, del: 1 })
})

test('a walk through the store is a request for each thousand keys', async () => {
  const { adapter } = open()
  await Promise.all(Array.from({ length: 2_500 }, (_, i) => adapter.set(`walk:${i}`, 'v')))
  const { requests, unlink } = (await bill(() => adapter.deleteMatching('walk:*'))) as Record<string, number>
  expect(requests).toBeLessThanOrEqual(6)
  expect(unlink).toBeLessThanOrEqual(5)
})

test('health tells of the round trip', async () => {
  const { health } = open()
  expect(await health()).toMatchObject({
    ok: true,
    adapters: { http: { ok: true, roundTripMs: expect.any(Number), breaker: 'closed' } },
  })
})

test('the adapter counts what it sends, and on Upstash what its own scripts call', async () => {
  const counted = async (upstash: boolean) => {
    const adapter = servers.open({ upstash })
    const billed = async (call: () => Promise<unknown>) => {
      const before = adapter.billed?.() as number
      await call()
      return (adapter.billed?.() as number) - before
    }
    await adapter.set('k', 'one')
    await adapter.set('k', 'two', { when: { matches: 'one' } })
    return [
      await billed(() => adapter.getMany(['a', 'b'])),
      await billed(() => adapter.set('k', 'one', { when: { matches: 'two' } })),
      await billed(() => adapter.set('k', 'one', { when: { matches: 'two' } })),
      await billed(() => adapter.deleteMatching('k')),
    ]
  }
  expect(await counted(false)).toEqual([1, 1, 1, 2])
  expect(await counted(true)).toEqual([1, 3, 2, 2])
})
