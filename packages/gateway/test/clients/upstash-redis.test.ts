import { Redis } from '@upstash/redis'
import { Redis as CloudflareRedis } from '@upstash/redis/cloudflare'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { waitUntil } from '../../../adapters/test/support/wait-until.js'
import { type Pair, startPair } from '../support/gateway.js'

let pair: Pair
let redis: Redis
beforeAll(async () => {
  pair = await startPair()
  redis = new Redis({ url: pair.gateway.url, token: pair.gateway.token })
})
afterAll(() => pair?.[Symbol.asyncDispose]())
beforeEach(() => redis.flushall())

test('strings', async () => {
  expect(await redis.set('a', 'b', { ex: 100 })).toBe('OK')
  expect(await redis.get('a')).toBe('b')
  expect(await redis.set('a', 'c', { nx: true })).toBeNull()
  expect(await redis.set('a', 'c', { xx: true, get: true })).toBe('b')
  expect(await redis.append('a', 'de')).toBe(3)
  expect(await redis.getrange('a', 1, 2)).toBe('de')
  expect(await redis.strlen('a')).toBe(3)
  expect(await redis.getdel('a')).toBe('cde')
  expect(await redis.get('a')).toBeNull()
  await redis.mset({ x: 1, y: { z: [2] } })
  expect(await redis.mget('x', 'y', 'nothing')).toEqual([1, { z: [2] }, null])
  expect(await redis.msetnx({ x: 2, w: 3 })).toBe(0)
})

test('numbers', async () => {
  expect(await redis.incr('n')).toBe(1)
  expect(await redis.incrby('n', 41)).toBe(42)
  expect(await redis.decrby('n', 2)).toBe(40)
  expect(await redis.incrbyfloat('f', 1.5)).toBe(1.5)
})

test('values of every awkward kind', async () => {
  const raw = new Redis({ url: pair.gateway.url, token: pair.gateway.token, automaticDeserialization: false })
  const values = [
    '8',
    'null',
    'OK',
    'T0s=',
    '',
    '{"a":',
    '"quoted"',
    '😀\u0000\u0007\r\n',
    'é'.repeat(1_000),
    '%/{}*?[]\\',
  ]
  for (const value of values) {
    await raw.set(value || 'empty', value)
    expect(await raw.get(value || 'empty')).toBe(value)
  }
  expect(await raw.mget(...values.filter(Boolean))).toEqual(values.filter(Boolean))
  const document = { date: '2026-01-01', nested: [1, [null, true]], text: 'ü' }
  await redis.set('document', document)
  expect(await redis.get('document')).toEqual(document)
})

test('keys and their time to live', async () => {
  await redis.set('a', 1)
  await redis.set('b', 2)
  expect(await redis.exists('a', 'b', 'c')).toBe(2)
  expect(await redis.expire('a', 100)).toBe(1)
  expect(await redis.ttl('a')).toBe(100)
  expect(await redis.pttl('b')).toBe(-1)
  expect(await redis.persist('a')).toBe(1)
  expect(await redis.type('a')).toBe('string')
  expect(await redis.rename('a', 'c')).toBe('OK')
  expect((await redis.keys('*')).sort()).toEqual(['b', 'c'])
  expect(await redis.dbsize()).toBe(2)
  expect(await redis.del('b', 'c')).toBe(2)
  expect(await redis.randomkey()).toBeNull()
})

test('scans', async () => {
  await redis.mset(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`key:${i}`, i])))
  const found: string[] = []
  let cursor = '0'
  do {
    const [next, keys] = await redis.scan(cursor, { match: 'key:*', count: 10 })
    cursor = next
    found.push(...keys)
  } while (cursor !== '0')
  expect(new Set(found).size).toBe(50)
})

test('hashes', async () => {
  expect(await redis.hset('h', { a: 1, b: 'two', c: { d: 3 } })).toBe(3)
  expect(await redis.hgetall('h')).toEqual({ a: 1, b: 'two', c: { d: 3 } })
  expect(await redis.hget('h', 'b')).toBe('two')
  expect(await redis.hmget('h', 'a', 'x')).toEqual({ a: 1, x: null })
  expect(await redis.hincrby('h', 'a', 2)).toBe(3)
  expect((await redis.hkeys('h')).sort()).toEqual(['a', 'b', 'c'])
  expect(await redis.hlen('h')).toBe(3)
  expect(await redis.hexists('h', 'a')).toBe(1)
  expect(await redis.hdel('h', 'a', 'b')).toBe(2)
  expect(await redis.hscan('h', 0)).toEqual(['0', ['c', { d: 3 }]])
  expect(await redis.hgetall('nothing')).toBeNull()
})

test('lists', async () => {
  expect(await redis.rpush<unknown>('l', 'a', 'b', { c: 1 })).toBe(3)
  expect(await redis.lpush('l', 0)).toBe(4)
  expect(await redis.lrange('l', 0, -1)).toEqual([0, 'a', 'b', { c: 1 }])
  expect(await redis.lindex('l', 1)).toBe('a')
  expect(await redis.lpop('l')).toBe(0)
  expect(await redis.rpop('l', 2)).toEqual([{ c: 1 }, 'b'])
  expect(await redis.lmove('l', 'm', 'left', 'right')).toBe('a')
  expect(await redis.llen('l')).toBe(0)
})

test('sets', async () => {
  expect(await redis.sadd<unknown>('s', 'a', 'b', 1)).toBe(3)
  expect((await redis.smembers('s')).map(String).sort()).toEqual(['1', 'a', 'b'])
  expect(await redis.sismember('s', 'a')).toBe(1)
  expect(await redis.smismember('s', ['a', 'x'])).toEqual([1, 0])
  await redis.sadd('t', 'a')
  expect(await redis.sinter('s', 't')).toEqual(['a'])
  expect(await redis.srem('s', 'a')).toBe(1)
  expect(await redis.scard('s')).toBe(2)
})

test('sorted sets', async () => {
  expect(await redis.zadd('z', { score: 1, member: 'a' }, { score: 2.5, member: 'b' })).toBe(2)
  expect(await redis.zrange('z', 0, -1, { withScores: true })).toEqual(['a', 1, 'b', 2.5])
  expect(await redis.zscore('z', 'b')).toBe(2.5)
  expect(await redis.zrank('z', 'b')).toBe(1)
  expect(await redis.zincrby('z', 2, 'a')).toBe(3)
  expect(await redis.zpopmin('z')).toEqual(['b', 2.5])
  expect(await redis.zcard('z')).toBe(1)
})

test('streams', async () => {
  const id = await redis.xadd('x', '*', { field: 'value', n: 1 })
  expect(await redis.xlen('x')).toBe(1)
  expect(await redis.xrange('x', '-', '+')).toEqual({ [id]: { field: 'value', n: 1 } })
  expect(await redis.xgroup('x', { type: 'CREATE', group: 'g', id: '0' })).toBe('OK')
  const read = (await redis.xreadgroup('g', 'c', 'x', '>')) as [string, [string, string[]][]][]
  expect(read[0]?.[1][0]?.[0]).toBe(id)
  expect(await redis.xack('x', 'g', id)).toBe(1)
})

test('bits, places and counts of the distinct', async () => {
  expect(await redis.setbit('bits', 7, 1)).toBe(0)
  expect(await redis.bitcount('bits', 0, -1)).toBe(1)
  // A builder of its own in the SDK, which auto-pipelining does not know.
  const plain = new Redis({ url: pair.gateway.url, token: pair.gateway.token, enableAutoPipelining: false })
  expect(await plain.bitfield('bf').incrby('u8', 0, 200).exec()).toEqual([200])
  expect(await redis.geoadd('g', { longitude: 13.361389, latitude: 38.115556, member: 'Palermo' })).toBe(1)
  await redis.geoadd('g', { longitude: 15.087269, latitude: 37.502669, member: 'Catania' })
  expect(await redis.geodist('g', 'Palermo', 'Catania', 'KM')).toBeCloseTo(166.27, 1)
  expect(await redis.pfadd('p', 'a', 'b')).toBe(1)
  expect(await redis.pfcount('p')).toBe(2)
})

test('scripts and functions', async () => {
  expect(await redis.eval('return {KEYS[1], ARGV[1]}', ['k'], ['v'])).toEqual(['k', 'v'])
  const sha = await redis.scriptLoad('return ARGV[1]')
  expect(await redis.scriptExists(sha)).toEqual([1])
  expect(await redis.evalsha(sha, [], ['hello'])).toBe('hello')
  const script = redis.createScript<string>('#!lua flags=allow-key-locking\nreturn ARGV[1]')
  expect(await script.exec([], ['twice'])).toBe('twice')
  expect(await script.exec([], ['thrice'])).toBe('thrice')
  await expect(redis.evalsha('0'.repeat(40), [], [])).rejects.toThrow('NOSCRIPT')
  const library = "#!lua name=mine\nredis.register_function('answer', function() return 42 end)"
  expect(await redis.functions.load({ code: library, replace: true })).toBe('mine')
  expect(await redis.functions.call('answer', [], [])).toBe(42)
})

test('commands of one tick are folded into one pipeline, and each has its own error', async () => {
  await redis.set('text', 'abc')
  const settled = await Promise.allSettled([
    redis.get('text'),
    redis.incr('n'),
    redis.incr('text'),
    redis.lpush('l', 1),
  ])
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  await expect(redis.incr('text')).rejects.toThrow('ERR value is not an integer or out of range')
})

test('without auto-pipelining too', async () => {
  const plain = new Redis({ url: pair.gateway.url, token: pair.gateway.token, enableAutoPipelining: false })
  expect(await plain.set('a', { b: 1 })).toBe('OK')
  expect(await plain.get('a')).toEqual({ b: 1 })
  await expect(plain.incr('a')).rejects.toThrow('ERR value is not an integer or out of range')
})

test('pipelines and transactions', async () => {
  expect(await redis.pipeline().set('a', 1).incr('a').get('a').exec()).toEqual(['OK', 2, 2])
  expect(await redis.multi().set('b', 'OK').get('b').hset('h', { f: 1 }).hgetall('h').exec()).toEqual([
    'OK',
    'OK',
    1,
    { f: 1 },
  ])
  await expect(redis.multi().set('c', 'x').incr('c').exec()).rejects.toThrow('ERR value is not an integer')
  const kept = await redis.pipeline().set('c', 'x').incr('c').exec({ keepErrors: true })
  expect(kept.map(({ error }) => error === undefined)).toEqual([true, false])
})

test('answers without base64', async () => {
  const plain = new Redis({ url: pair.gateway.url, token: pair.gateway.token, responseEncoding: false })
  await plain.set('a', 'ü 😀')
  expect(await plain.get('a')).toBe('ü 😀')
  expect(await plain.mget('a', 'b')).toEqual(['ü 😀', null])
})

test('subscriptions to channels and patterns', async () => {
  const got: unknown[] = []
  const counts: number[] = []
  const subscriber = redis.subscribe<string>(['chat', 'news'])
  subscriber.on('subscribe', (count) => counts.push(count))
  subscriber.on('message', (event) => got.push(event))
  const patterns = redis.psubscribe<{ id: number }>('user:*')
  patterns.on('psubscribe', (count) => counts.push(count))
  patterns.on('pmessage', (event) => got.push(event))
  await waitUntil('all are subscribed', () => counts.length === 3)
  expect(await redis.publish('chat', 'a, b')).toBe(1)
  expect(await redis.publish('user:7', { id: 7 })).toBe(1)
  await waitUntil('both are there', () => got.length === 2)
  expect(got).toContainEqual({ channel: 'chat', message: 'a, b' })
  expect(got).toContainEqual({ pattern: 'user:*', channel: 'user:7', message: { id: 7 } })
  await subscriber.unsubscribe()
  await patterns.unsubscribe()
})

test('the sync token of the last answer is sent with the next request', async () => {
  const seen: (string | null)[] = []
  const fetched = globalThis.fetch
  globalThis.fetch = async (input, init) => {
    seen.push(new Headers(init?.headers).get('upstash-sync-token'))
    return fetched(input, init)
  }
  try {
    const fresh = new Redis({ url: pair.gateway.url, token: pair.gateway.token })
    await fresh.set('a', 1)
    await fresh.get('a')
  } finally {
    globalThis.fetch = fetched
  }
  expect(seen[0]).toBe('')
  expect(seen[1]).toMatch(/^\S+:\d+$/)
})

test('the build for Workers works the same', async () => {
  const edge = new CloudflareRedis({ url: pair.gateway.url, token: pair.gateway.token })
  expect(await edge.set('edge', [1, 'a'])).toBe('OK')
  expect(await edge.get('edge')).toEqual([1, 'a'])
})

test('a wrong token is an error that says so', async () => {
  const stranger = new Redis({ url: pair.gateway.url, token: 'wrong' })
  await expect(stranger.get('a')).rejects.toThrow('WRONGPASS invalid or missing auth token')
})
