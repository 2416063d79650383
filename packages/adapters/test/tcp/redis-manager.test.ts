import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  cacheOf,
  compressed,
  configure,
  createLarder,
  type LarderEvent,
  type LarderOptions,
  LockBusyError,
  LockStoreError,
  PoolExhaustedError,
  RateLimitedError,
  ReplyError,
  type Serializer,
  StoreError,
  tooManyRequests,
  UsageError,
} from '@larder/core'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type TcpAdapter, type TcpOptions, tcp } from '../../src/tcp/index.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { startProxy } from '../support/tcp-proxy.js'
import { waitUntil } from '../support/wait-until.js'

// The rows of `docs/guides/from-a-redis-manager.md`: a test each, by the row's name, with the row's line in it.

const server = await startRedis()
const { url, host, port } = server
const redis = tcp({ url })
const { cache, cached, Cached, CacheEvict, RateLimited, ...larder } = createLarder({
  adapter: redis,
  namespace: 'shop',
})
const { limiter, locks, withLock, bus, createSessions, health } = larder

afterAll(async () => {
  await larder.close()
  await server.stop()
})
beforeEach(() => server.cli('FLUSHALL'))
afterEach(() => vi.unstubAllEnvs())

/** An adapter of the test's own. */
function open(options: TcpOptions = { url }): TcpAdapter {
  return closing(tcp(options))
}
function closing<Closed extends { close(): Promise<void> }>(closed: Closed): Closed {
  onTestFinished(() => closed.close())
  return closed
}
/** A toolkit of the test's own, over an adapter of its own. */
const another = (options: LarderOptions = {}, adapter = open()) => createLarder({ adapter, ...options })

interface Query {
  readonly shop: string
  readonly text: string
  readonly user: string
}

/** What arrives, and the listener for it. */
function mailbox() {
  const messages: unknown[] = []
  return { messages, onMessage: (message: unknown, channel: string) => void messages.push([channel, message]) }
}

describe("The app's lifespan", () => {
  test('one manager that all modules share', async () => {
    const redis = open()
    configure({ adapter: redis, namespace: 'shop' })
    const one = await import('@larder/core')
    const other = await import('@larder/core')
    await one.cache.set('user:1', 'Ada', { ttl: '10m' })
    expect(await other.cache.get('user:1')).toBe('Ada')
    expect(await server.cli('KEYS', 'shop:*user:1*')).not.toBe('')
  })

  test('connect() when the app starts', async () => {
    const adapter = open()
    const { health } = another({}, adapter)
    expect(adapter.counts().size).toBe(0)
    await health()
    expect(adapter.counts().size).toBe(1)
  })

  test('refuse to start without Redis', async () => {
    await using gone = await startRedis()
    const { health } = another({}, open({ url: gone.url }))
    const start = async () => {
      if (!(await health()).ok) throw new Error('Redis is away')
    }
    await start()
    await gone.kill()
    await expect(start()).rejects.toThrow('Redis is away')
  })

  test('wait for Redis at the start', async () => {
    await using late = await startRedis()
    await late.kill()
    const { health } = another({}, open({ url: late.url }))
    expect((await health()).ok).toBe(false)
    const restarted = late.restart()
    while (!(await health()).ok) await sleep(Math.random() * 500)
    await restarted
    expect((await health()).ok).toBe(true)
  })

  test('let work in the background end', async () => {
    let version = 0
    const { cached, drain } = another()
    const find = cached({ ttl: '1ms', prefix: 'find', staleWhileRevalidate: '1h' }, async () => {
      await sleep(50)
      return ++version
    })
    await find()
    await waitUntil('it is stale', async () => (await find.explain()).outcome === 'stale')
    expect(await find()).toBe(1)
    await drain({ timeout: '2s' })
    expect(version).toBe(2)
  })

  test('disconnect() when the app stops', async () => {
    const before = await server.clientCount()
    const { bus, cache, close } = another()
    await bus.subscribe(['news'], () => {})
    await cache.set('user:1', 'Ada', { ttl: '1m' })
    expect(await server.clientCount()).toBe(before + 2)
    await close()
    await waitUntil('all connections are closed', async () => (await server.clientCount()) === before)
    await expect(cache.set('user:1', 'Ada', { ttl: '1m' })).rejects.toMatchObject({ cause: { code: 'ERR_CLOSED' } })
  })
})

describe('Connections', () => {
  test('pool size', async () => {
    const redis = closing(tcp({ url, pool: { max: 8 } }))
    let most = 0
    const work = async () => {
      most = Math.max(most, redis.counts().used)
      await sleep(5)
    }
    await Promise.all(Array.from({ length: 20 }, () => redis.withConnection(work)))
    expect(most).toBe(8)
  })

  test('resize the pool', async () => {
    const redis = open({ url, pool: { max: 1 } })
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const leases = Array.from({ length: 8 }, () => redis.withConnection(() => released))
    expect(redis.counts()).toMatchObject({ used: 1, pending: 7 })
    redis.resize(8)
    expect(redis.counts()).toMatchObject({ used: 8, pending: 0 })
    release()
    await Promise.all(leases)
  })

  test('acquire() and release()', async () => {
    await redis.set('stock', '7')
    expect(await redis.withConnection((client) => client.get('stock'))).toBe('7')
    const failed = redis.withConnection(() => Promise.reject(new Error('sold out')))
    await expect(failed).rejects.toThrow('sold out')
    expect(redis.counts().used).toBe(0)
  })

  test('a time limit for acquire()', async () => {
    const redis = closing(tcp({ url, pool: { max: 1, acquireTimeout: '50ms' } }))
    await redis.withConnection(async () => {
      await expect(redis.withConnection(async () => 1)).rejects.toBeInstanceOf(PoolExhaustedError)
    })
  })

  test('cancel a wait for a connection', async () => {
    const redis = open({ url, pool: { max: 1 } })
    const signal = AbortSignal.timeout(20)
    const work = vi.fn(async () => 1)
    await redis.withConnection(async () => {
      await expect(redis.withConnection(work, { signal })).rejects.toMatchObject({ name: 'TimeoutError' })
    })
    expect(work).not.toHaveBeenCalled()
  })

  test('pool statistics', async () => {
    const redis = open({ url, pool: { max: 3 } })
    await redis.withConnection(async () => {
      await redis.ping()
      expect(redis.counts()).toEqual({ size: 2, free: 1, used: 1, pending: 0 })
    })
  })

  test('the client itself', async () => {
    const client = await redis.client()
    await client.lpush('list', 'a')
    expect(await server.cli('LRANGE', 'list', 0, -1)).toBe('a')
  })

  test('a client that you have already', async () => {
    const client = new Redis(url)
    onTestFinished(() => client.disconnect())
    const redis = tcp({ client })
    await redis.set('flag', 'on')
    await redis.close()
    expect(await client.get('flag')).toBe('on')
  })

  test('replace a dead connection', async () => {
    const redis = open()
    const { cache } = another({ store: { budget: '2s' } }, redis)
    await cache.set('user:1', 'Ada', { ttl: '10m' })
    const id = await (await redis.client()).client('ID')
    await server.cli('CLIENT', 'KILL', 'ID', id)
    expect(await cache.get('user:1')).toBe('Ada')
    expect(await (await redis.client()).client('ID')).not.toBe(id)
  })
})

describe('Health', () => {
  test('ping()', async () => {
    expect(await redis.ping()).toBeGreaterThan(0)
  })

  test('a health endpoint', async () => {
    await using gone = await startRedis()
    const { health } = another({}, open({ url: gone.url }))
    const answer = async () => {
      const state = await health()
      return Response.json(state, { status: state.ok ? 200 : 503 })
    }
    const answered = await answer()
    expect(answered.status).toBe(200)
    expect((await answered.json()).adapters.tcp).toMatchObject({ ok: true, breaker: 'closed', pool: { size: 1 } })
    await gone.kill()
    expect((await answer()).status).toBe(503)
  })
})

describe('Publish and subscribe', () => {
  test('publish()', async () => {
    const { messages, onMessage } = mailbox()
    await using _ = await bus.subscribe(['user:42'], onMessage)
    expect(await bus.publish('user:42', { text: 'hello', at: new Date() })).toBe(1)
    await expect.poll(() => messages).toEqual([['user:42', { text: 'hello', at: expect.any(Date) }]])
  })

  test('subscribe()', async () => {
    const { messages, onMessage } = mailbox()
    await using _ = await bus.subscribe(['news', 'prices'], onMessage)
    await bus.publish('news', 1)
    await bus.publish('prices', 2)
    await bus.publish('weather', 3)
    await expect
      .poll(() => messages)
      .toEqual([
        ['news', 1],
        ['prices', 2],
      ])
  })

  test('psubscribe()', async () => {
    const { messages, onMessage } = mailbox()
    await using _ = await bus.subscribe({ patterns: ['user:*'] }, onMessage)
    await bus.publish('news', 1)
    await bus.publish('user:42', 2)
    await expect.poll(() => messages).toEqual([['user:42', 2]])
  })

  test('unsubscribe()', async () => {
    const { messages, onMessage } = mailbox()
    const subscription = await bus.subscribe(['news'], onMessage)
    await subscription.unsubscribe()
    await expect.poll(() => bus.publish('news', 1)).toBe(0)
    expect(messages).toEqual([])
  })

  test('subscribe again after a lost connection', async () => {
    const { bus } = closing(another())
    const readSettings = vi.fn()
    await bus.subscribe(['settings'], readSettings, { onReconnect: readSettings })
    await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await waitUntil('it is back', () => readSettings.mock.calls.length === 1)
    await bus.publish('settings', 'changed')
    await expect.poll(() => readSettings.mock.calls.at(-1)).toEqual(['changed', 'settings'])
  })

  test('messages to other programs', async () => {
    const client = await redis.client()
    const program = new Redis(url)
    onTestFinished(() => program.disconnect())
    const heard = new Promise((resolve) => program.on('message', (channel, text) => resolve([channel, text])))
    await program.subscribe('jobs')
    await client.publish('jobs', 'start')
    expect(await heard).toEqual(['jobs', 'start'])
  })

  test('messages from other programs', async () => {
    const { messages, onMessage } = mailbox()
    const subscription = await redis.subscribe?.(['jobs'], { onMessage })
    await server.cli('PUBLISH', 'jobs', 'done')
    await expect.poll(() => messages).toEqual([['jobs', 'done']])
    await subscription?.unsubscribe()
  })
})

describe('Keys and values', () => {
  test('set() with a ttl', async () => {
    await cache.set('user:1', { name: 'Ada' }, { ttl: '10m' })
    const [key = ''] = (await server.cli('KEYS', 'shop:*user:1*')).split('\n')
    expect(Number(await server.cli('TTL', key))).toBeGreaterThan(590)
  })

  test('get()', async () => {
    expect(await cache.get('user:1')).toBeUndefined()
    await cache.set('user:1', { name: 'Ada' }, { ttl: '10m' })
    expect(await cache.get('user:1')).toEqual({ name: 'Ada' })
  })

  test('mget()', async () => {
    await cache.set('user:2', 'Grace', { ttl: '10m' })
    await server.resetStats()
    expect(await cache.getMany(['user:1', 'user:2'])).toEqual([undefined, 'Grace'])
    expect(await server.commandStats()).toEqual({ mget: 1 })
  })

  test('get or compute', async () => {
    const buildReport = vi.fn(async () => ({ lines: 42 }))
    const get = async () => await cache.getOrSet('report', () => buildReport(), { ttl: '1h' })
    expect(await Promise.all([get(), get()])).toEqual([{ lines: 42 }, { lines: 42 }])
    expect(await get()).toEqual({ lines: 42 })
    expect(buildReport).toHaveBeenCalledOnce()
  })

  test('delete()', async () => {
    await cache.set('user:1', 'Ada', { ttl: '10m' })
    await cache.set('user:2', 'Grace', { ttl: '10m' })
    await cache.delete(['user:1', 'user:2'])
    expect(await cache.getMany(['user:1', 'user:2'])).toEqual([undefined, undefined])
  })

  test('delete by pattern', async () => {
    for (const key of ['user:1', 'user:2', 'order:1']) await cache.set(key, key, { ttl: '10m' })
    expect(await cache.deleteMatching('user:*')).toBe(2)
    expect(await cache.getMany(['user:1', 'user:2', 'order:1'])).toEqual([undefined, undefined, 'order:1'])
  })

  test('flush()', async () => {
    const other = another({ namespace: 'office' })
    await other.cache.set('user:1', 'Ada', { ttl: '10m' })
    await cache.set('user:1', 'Ada', { ttl: '10m' })
    await cache.clear()
    expect(await cache.get('user:1')).toBeUndefined()
    expect(await other.cache.get('user:1')).toBe('Ada')
  })

  test('set() without a ttl', async () => {
    await redis.set('flag', 'on')
    expect(await server.cli('GET', 'flag')).toBe('on')
    expect(await server.cli('TTL', 'flag')).toBe('-1')
  })

  test('set() if absent', async () => {
    expect(await redis.set('flag', 'on', { when: 'absent', ttlMs: 60_000 })).toBe(true)
    expect(await redis.set('flag', 'off', { when: 'absent' })).toBe(false)
    expect(await server.cli('GET', 'flag')).toBe('on')
  })

  test('delete keys of other programs', async () => {
    await server.cli('MSET', 'legacy:1', 'a', 'legacy:2', 'b', 'other', 'c')
    await server.resetStats()
    expect(await redis.deleteMatching('legacy:*')).toBe(2)
    expect(await server.commandStats()).toMatchObject({ scan: 1, unlink: 2 })
    expect(await server.cli('KEYS', '*')).toBe('other')
  })

  test('hashes, lists, counters', async () => {
    const client = await redis.client()
    await client.hincrby('stock', 'tea', 3)
    expect(await server.cli('HGET', 'stock', 'tea')).toBe('3')
  })
})

describe('Pipelines, transactions, scripts', () => {
  test('a pipeline', async () => {
    const client = await redis.client()
    const answers = await client.pipeline().incr('visits').expire('visits', 60).exec()
    expect(answers).toEqual([
      [null, 1],
      [null, 1],
    ])
  })

  test('a pipeline of reads', async () => {
    const product = cached('5m', 'read at once', async (id: string) => `product ${id}`)
    const ids = ['p1', 'p2', 'p3']
    await Promise.all(ids.map((id) => product(id)))
    await server.resetStats()
    expect(await Promise.all(ids.map((id) => product(id)))).toEqual(['product p1', 'product p2', 'product p3'])
    expect(await server.commandStats()).toEqual({ mget: 1 })
  })

  test('MULTI and EXEC', async () => {
    await redis.set('stock', '7')
    await redis.withConnection((client) => client.multi().incr('sold').decr('stock').exec())
    expect(await redis.getMany(['sold', 'stock'])).toEqual(['1', '6'])
  })

  test('WATCH', async () => {
    await redis.set('stock', '7')
    const take = (meanwhile: () => Promise<unknown>) =>
      redis.withConnection(async (client) => {
        await client.watch('stock')
        const stock = Number(await client.get('stock'))
        await meanwhile()
        return client
          .multi()
          .set('stock', stock - 1)
          .exec()
      })
    expect(await take(() => redis.set('stock', '100'))).toBeNull()
    expect(await take(async () => {})).toEqual([[null, 'OK']])
    expect(await redis.getMany(['stock'])).toEqual(['99'])
  })

  test('a Lua script', async () => {
    const client = await redis.client()
    await redis.set('stock', '7')
    const lua = "return redis.call('DECRBY', KEYS[1], ARGV[1])"
    expect(await client.eval(lua, 1, 'stock', 3)).toBe(4)
    const take = { name: 'take', lua, step: () => 0 }
    expect(await redis.run(take, ['stock'], [3])).toBe(1)
  })
})

describe('Retry, time limits, breaker', () => {
  test('retry with jittered backoff', async () => {
    await using proxy = await startProxy(server)
    const { cached, health } = another({ store: { budget: '2s' } }, open({ url: proxy.url }))
    const product = cached('5m', 'product', async (id: string) => `product ${id}`)
    await product('p1')
    const { calls: before } = (await health()).adapters.tcp ?? {}
    proxy.dropReplies({ times: 1 })
    expect(await product.peek('p1')).toBe('product p1')
    const { calls: after } = (await health()).adapters.tcp ?? {}
    expect((after?.getMany ?? 0) - (before?.getMany ?? 0)).toBe(2)
  })

  test('no retry of what must not be twice', async () => {
    await using proxy = await startProxy(server)
    const { bus } = another({ store: { budget: '2s' } }, open({ url: proxy.url }))
    const { messages, onMessage } = mailbox()
    const elsewhere = closing(another())
    await elsewhere.bus.subscribe(['news'], onMessage)
    await bus.publish('news', 0)
    proxy.dropReplies({ times: 1 })
    await expect(bus.publish('news', 1)).rejects.toBeInstanceOf(StoreError)
    await elsewhere.bus.publish('news', 2)
    await expect.poll(() => messages.map((message) => (message as unknown[])[1])).toEqual([0, 1, 2])
  })

  test('retry while the server is loading', async () => {
    await using slow = await startRedis()
    const { cache, cached } = another({}, open({ url: slow.url }))
    await slow.cli('DEBUG', 'POPULATE', 5_000, 'key', 100)
    await slow.cli('CONFIG', 'SET', 'key-load-delay', 300, 'loading-process-events-interval-bytes', 1_024)
    const reloaded = slow.cli('DEBUG', 'RELOAD')
    await waitUntil('it is loading', async () => (await slow.cli('INFO', 'persistence')).includes('loading:1'))

    let attempts = 0
    const setSoon = async (): Promise<void> => {
      try {
        attempts++
        await cache.set('user:1', 'Ada', { ttl: '10m' })
      } catch (error) {
        const passes =
          error instanceof StoreError && error.cause instanceof ReplyError && error.cause.retryable
            ? error.cause.reply === 'LOADING'
            : error instanceof StoreError && error.reason === 'breaker-open'
        if (!passes) throw error
        await sleep(Math.random() * 100)
        return setSoon()
      }
    }
    const product = cached('5m', 'product', async (id: string) => `product ${id}`)
    expect(await product('p1')).toBe('product p1')
    await setSoon()
    await reloaded
    expect(attempts).toBeGreaterThan(1)
    expect(await cache.get('user:1')).toBe('Ada')
  })

  test('more attempts, by a rule of your own', async () => {
    await using late = await startRedis()
    const { url } = late
    const client = new Redis(url, {
      maxRetriesPerRequest: 20,
      retryStrategy: (attempt) => Math.random() * 50 * attempt,
    })
    onTestFinished(() => client.disconnect())
    client.on('error', () => {})
    const { cache } = createLarder({ adapter: tcp({ client }), store: { budget: '20s' } })
    await cache.set('user:1', 'Ada', { ttl: '10m' })
    await late.kill()
    const stored = cache.set('user:1', 'Grace', { ttl: '10m' })
    await late.restart()
    await stored
    expect(await cache.get('user:1')).toBe('Grace')
  })

  test('a time limit for commands', async () => {
    await using hung = await startRedis()
    const redis = open({ url: hung.url })
    const { cache } = createLarder({ adapter: redis, store: { budget: '100ms' } })
    await cache.set('user:1', 'Ada', { ttl: '10m' })
    hung.pause()
    const startedMs = performance.now()
    await expect(cache.set('user:1', 'Ada', { ttl: '10m' })).rejects.toMatchObject({ reason: 'timeout' })
    expect(performance.now() - startedMs).toBeLessThan(1_000)
  })

  test('a circuit breaker', async () => {
    await using gone = await startRedis()
    const redis = open({ url: gone.url })
    await gone.kill()
    const { cache, health } = createLarder({ adapter: redis, store: { breaker: { failures: 3, pause: '1s' } } })
    const reasons: string[] = []
    for (let call = 0; call < 4; call++) {
      await cache.delete('user:1').catch((error: StoreError) => reasons.push(error.reason))
    }
    expect(reasons.slice(2)).toContain('breaker-open')
    await gone.restart()
    await waitUntil('it is closed', async () => (await health()).adapters.tcp?.breaker === 'closed')
  })
})

describe('Decoding', () => {
  test('JSON, with Dates and Maps', async () => {
    await cache.set('visit', { at: new Date(0) }, { ttl: '1h' })
    expect(await cache.get('visit')).toEqual({ at: new Date(0) })
    await expect(cache.set('visit', { at: () => 0 }, { ttl: '1h' })).rejects.toMatchObject({
      code: 'ERR_UNCACHEABLE_VALUE',
    })
  })

  test('text (decode_responses=True)', async () => {
    await server.cli('SET', 'flag', '{"on":1} ☕')
    expect(await redis.getMany(['flag'])).toEqual(['{"on":1} ☕'])
  })

  test('bytes (decode_responses=False)', async () => {
    const client = await redis.client()
    const bytes = Buffer.from([0, 255, 128, 10])
    await client.set('image', bytes)
    expect(await client.getBuffer('image')).toEqual(bytes)
  })

  test('an encoding of your own', async () => {
    const text: Serializer = { serialize: (value) => `<${value}>`, deserialize: (stored) => stored.slice(1, -1) }
    const { cache } = createLarder({ adapter: redis, serializer: text })
    await cache.set('user:1', 'Ada', { ttl: '10m' })
    expect(await server.cli('GET', (await server.cli('KEYS', '*user:1*')).trim())).toContain('<Ada>')
    expect(await cache.get('user:1')).toBe('Ada')
  })

  test('compression, encryption', async () => {
    const { cache } = createLarder({ adapter: redis, serializer: compressed() })
    const rows = Array.from({ length: 1_000 }, (_, id) => ({ id, name: 'tea' }))
    await cache.set('rows', rows, { ttl: '10m' })
    const key = (await server.cli('KEYS', '*rows*')).trim()
    expect(Number(await server.cli('STRLEN', key))).toBeLessThan(JSON.stringify(rows).length / 2)
    expect(await cache.get('rows')).toEqual(rows)
  })
})

describe('Settings', () => {
  test('settings from the environment', async () => {
    vi.stubEnv('REDIS_URL', url)
    vi.stubEnv('REDIS_DB', '3')
    vi.stubEnv('REDIS_POOL_MAX', '2')
    const redis = closing(tcp())
    const leases = [1, 2, 3].map(() => redis.withConnection((client) => client.set('flag', 'on')))
    expect(redis.counts()).toMatchObject({ used: 2, pending: 1 })
    await Promise.all(leases)
    expect(await server.cli('INFO', 'keyspace')).toContain('db3:keys=1')
  })

  test('settings in the code', async () => {
    await using locked = await startRedis({ password: 'secret' })
    vi.stubEnv('REDIS_PASSWORD', 'another')
    const { host, port } = locked
    const redis = closing(tcp({ host, port, password: 'secret', db: 2 }))
    await redis.set('flag', 'on')
    expect(await locked.cli('INFO', 'keyspace')).toContain('db2:keys=1')
  })

  test('TLS', async () => {
    await using safe = await startRedis({ tls: true })
    const { url, ca } = safe
    const redis = closing(tcp({ url, tls: { ca } }))
    expect(await redis.set('flag', 'on')).toBe(true)
  })

  test('a wrong setting', () => {
    vi.stubEnv('REDIS_URL', `redis://:secret@${host}:${port}`)
    vi.stubEnv('REDIS_DB', 'secret')
    let thrown: unknown
    try {
      tcp()
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(UsageError)
    expect(`${thrown}`).toContain('REDIS_DB')
    expect(`${thrown}`).not.toContain('secret')
  })

  test('a prefix for all keys', async () => {
    const { cache } = createLarder({ adapter: redis, namespace: 'staging' })
    await cache.set('user:1', 'Ada', { ttl: '10m' })
    for (const key of (await server.cli('KEYS', '*')).split('\n')) expect(key).toMatch(/^staging:/)
  })
})

describe('The cache decorator', () => {
  test('a decorator with a ttl and a prefix', async () => {
    class Catalog {
      reads = 0
      @Cached('5m', 'product')
      async product(id: string): Promise<string> {
        this.reads++
        return `product ${id}`
      }
    }
    const catalog = new Catalog()
    expect([await catalog.product('p1'), await catalog.product('p1')]).toEqual(['product p1', 'product p1'])
    expect(catalog.reads).toBe(1)
    expect(await server.cli('KEYS', 'shop:product:*')).toContain('p1')
  })

  test('a function rather than a method', async () => {
    const readPrice = vi.fn(async (id: string) => `price of ${id}`)
    const price = cached('5m', 'price', (id: string) => readPrice(id))
    expect([await price('p1'), await price('p1')]).toEqual(['price of p1', 'price of p1'])
    expect(readPrice).toHaveBeenCalledOnce()
  })

  test('a key builder', async () => {
    let runs = 0
    const search = cached(
      { ttl: '5m', prefix: 'search', key: (query: Query) => [query.shop, query.text] },
      async (_: Query) => ++runs,
    )
    await search({ shop: 's1', text: 'tea', user: 'ada' })
    await search({ shop: 's1', text: 'tea', user: 'grace' })
    expect(runs).toBe(1)
    await search({ shop: 's2', text: 'tea', user: 'ada' })
    expect(runs).toBe(2)
  })

  test('invalidate after a change', async () => {
    class Catalog {
      version = 1
      @Cached({ ttl: '5m', prefix: 'versions', tags: (id: string) => [id] })
      async product(id: string): Promise<string> {
        return `${id} v${this.version}`
      }
      @CacheEvict({ tags: (id: string) => ['products', id] })
      async save(id: string): Promise<string> {
        this.version++
        return id
      }
    }
    const catalog = new Catalog()
    expect(await catalog.product('p1')).toBe('p1 v1')
    await catalog.save('p1')
    expect(await catalog.product('p1')).toBe('p1 v2')
  })

  test('invalidate one entry', async () => {
    class Catalog {
      version = 1
      @Cached('5m', 'entries')
      async product(id: string): Promise<string> {
        return `${id} v${this.version}`
      }
    }
    const catalog = new Catalog()
    await Promise.all([catalog.product('p1'), catalog.product('p2')])
    catalog.version = 2
    await cacheOf(catalog, 'product').evict('p1')
    expect(await catalog.product('p1')).toBe('p1 v2')
    expect(await catalog.product('p2')).toBe('p2 v1')
  })

  test('invalidate by tag', async () => {
    let version = 1
    const find = cached({ ttl: '5m', prefix: 'tagged', tags: ['products'] }, async (id: string) => `${id} v${version}`)
    const ids = Array.from({ length: 20 }, (_, at) => `p${at}`)
    await Promise.all(ids.map((id) => find(id)))
    version = 2
    await server.resetStats()
    await cache.evictTags('products')
    expect(await server.commandStats()).toEqual({ set: 1 })
    expect(await Promise.all(ids.map((id) => find(id)))).toEqual(ids.map((id) => `${id} v2`))
  })

  test('a random part in the ttl', async () => {
    const rate = cached({ ttl: '1000s', prefix: 'rate', jitter: 0.1 }, async (currency: string) => currency)
    const ids = Array.from({ length: 20 }, (_, at) => `c${at}`)
    await Promise.all(ids.map((id) => rate(id)))
    const ttls = await Promise.all(ids.map(async (id) => Number(await server.cli('PTTL', rate.keyOf(id)))))
    expect(Math.max(...ttls)).toBeLessThanOrEqual(1_000_000)
    expect(Math.min(...ttls)).toBeGreaterThan(890_000)
    expect(new Set(ttls.map((ttl) => Math.round(ttl / 1_000))).size).toBeGreaterThan(3)
  })

  test('one run for concurrent callers', async () => {
    const run = vi.fn(async () => sleep(10, 'slow'))
    const slow = cached('5m', 'slow', run)
    expect(new Set(await Promise.all(Array.from({ length: 300 }, () => slow())))).toEqual(new Set(['slow']))
    expect(run).toHaveBeenCalledOnce()
  })

  test('a memory cache in front', async () => {
    const [here, there] = [closing(another()), closing(another())].map(({ cached }) =>
      cached({ ttl: '5m', prefix: 'menu', local: true }, async () => 'tea'),
    )
    await waitUntil('both serve it from memory', async () => {
      await Promise.all([here?.(), there?.()])
      await server.resetStats()
      await Promise.all([here?.(), there?.()])
      return Object.keys(await server.commandStats()).length === 0
    })
    await here?.evict()
    await waitUntil('the other has heard of it', async () => (await there?.peek()) === undefined)
  })

  test('a hit rate', async () => {
    const { cache, cached } = another()
    const find = cached('5m', 'find', async () => 1)
    await find()
    await find()
    await find()
    expect(cache.stats()).toMatchObject({ hits: 2, misses: 1 })
  })
})

describe('Rate limits', () => {
  const userId = 'ada'
  const api = limiter({ prefix: 'api', limit: 2, per: '1m', blockCache: 0 })

  test('count by user', async () => {
    const { allowed, remaining } = await api.check(userId)
    expect({ allowed, remaining }).toEqual({ allowed: true, remaining: 1 })
    await api.check(userId)
    expect((await api.check(userId)).allowed).toBe(false)
    expect((await api.check('grace')).allowed).toBe(true)
  })

  test('a rate limit decorator', async () => {
    class Shop {
      @RateLimited({ prefix: 'order', limit: 1, per: '1m', by: (userId: string) => userId })
      async order(userId: string): Promise<string> {
        return `order of ${userId}`
      }
    }
    const shop = new Shop()
    expect(await shop.order('ada')).toBe('order of ada')
    await expect(shop.order('ada')).rejects.toBeInstanceOf(RateLimitedError)
    expect(await shop.order('grace')).toBe('order of grace')
  })

  test('answer 429', async () => {
    const order = larder.rateLimited({ prefix: 'orders', limit: 1, per: '1m' }, async () => 'ordered')
    const answer = async () => {
      try {
        return new Response(await order())
      } catch (error) {
        if (error instanceof RateLimitedError) return tooManyRequests(error)
        throw error
      }
    }
    expect((await answer()).status).toBe(200)
    const refused = await answer()
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0)
  })

  test('wait instead of refusing', async () => {
    const api = limiter({ prefix: 'waiting', limit: 1, per: '1s' })
    await api.check(userId)
    expect((await api.check(userId)).allowed).toBe(false)
    await api.waitUntilAllowed(userId, { timeout: '5s' })
    await expect(api.waitUntilAllowed(userId, { timeout: '1ms' })).rejects.toBeInstanceOf(RateLimitedError)
  })

  test('what is left, uncounted', async () => {
    await api.check(userId)
    await api.peek(userId)
    expect((await api.peek(userId)).remaining).toBe(1)
  })

  test('reset a user', async () => {
    await api.check(userId)
    await api.reset(userId)
    expect((await api.peek(userId)).remaining).toBe(2)
  })
})

describe('Sessions', () => {
  const sessions = createSessions<{ cart: string[] }>({ ttl: '30m' })

  test('create a session', async () => {
    const id = await sessions.create({ cart: [] }, { user: 'ada' })
    expect(await sessions.get(id)).toEqual({ id, data: { cart: [] } })
  })

  test('read a session', async () => {
    const id = await sessions.create({ cart: ['tea'] })
    const [key = ''] = (await server.cli('KEYS', '*')).split('\n')
    await server.cli('PEXPIRE', key, 60_000)
    expect((await sessions.get(id))?.data).toEqual({ cart: ['tea'] })
    expect(Number(await server.cli('PTTL', key))).toBeGreaterThan(1_700_000)
    expect(await sessions.get('unknown')).toBeNull()
  })

  test('update a session', async () => {
    const id = await sessions.create({ cart: [] })
    await sessions.set(id, { cart: ['tea'] })
    expect((await sessions.get(id))?.data).toEqual({ cart: ['tea'] })
  })

  test('keep a session alive', async () => {
    const id = await sessions.create({ cart: [] })
    const [key = ''] = (await server.cli('KEYS', '*')).split('\n')
    await server.cli('PEXPIRE', key, 60_000)
    expect(await sessions.touch(id)).toBe(true)
    expect(Number(await server.cli('PTTL', key))).toBeGreaterThan(1_700_000)
  })

  test('a new id at login', async () => {
    const id = await sessions.create({ cart: ['tea'] })
    const next = await sessions.regenerate(id, { user: 'ada' })
    expect(await sessions.get(id)).toBeNull()
    expect((await sessions.get(next))?.data).toEqual({ cart: ['tea'] })
  })

  test('delete a session', async () => {
    const id = await sessions.create({ cart: [] })
    await sessions.destroy(id)
    expect(await sessions.get(id)).toBeNull()
  })

  test('log a user out everywhere', async () => {
    const ids = [
      await sessions.create({ cart: [] }, { user: 'ada' }),
      await sessions.create({ cart: [] }, { user: 'ada' }),
    ]
    const other = await sessions.create({ cart: [] }, { user: 'grace' })
    await sessions.destroyAllOf('ada')
    for (const id of ids) expect(await sessions.get(id)).toBeNull()
    expect(await sessions.get(other)).not.toBeNull()
  })
})

describe('Locks', () => {
  test('a block under a lock', async () => {
    const buildReport = vi.fn(async ({ signal }: { signal: AbortSignal }) => {
      expect(await locks.isHeld('report')).toBe(true)
      return signal.aborted
    })
    expect(await withLock('report', ({ signal }) => buildReport({ signal }), { ttl: '1m' })).toBe(false)
    expect(await locks.isHeld('report')).toBe(false)
  })

  test('a lock decorator', async () => {
    let running = 0
    class Billing {
      @withLock((id: string) => id)
      async settle(_: string): Promise<number> {
        const now = ++running
        await sleep(10)
        running--
        return now
      }
    }
    const billing = new Billing()
    expect(await Promise.all([billing.settle('o1'), billing.settle('o1'), billing.settle('o1')])).toEqual([1, 1, 1])
  })

  test('lock.acquire(), with a time limit', async () => {
    await using _ = await another({ namespace: 'shop' }).locks.acquire('report')
    const refused = async () => {
      await locks.acquire('report', { wait: '50ms' })
    }
    await expect(refused()).rejects.toBeInstanceOf(LockBusyError)
  })

  test('lock.acquire(), without waiting', async () => {
    await using lock = await locks.acquire('report')
    expect(await locks.tryAcquire('report')).toBeNull()
    await lock.release()
    await using again = await locks.tryAcquire('report')
    expect(again).not.toBeNull()
  })

  test('lock.extend()', async () => {
    await using lock = await locks.acquire('report', { ttl: '10s', extend: false })
    await lock.extend('1m')
    expect(lock.expiresAtMs - Date.now()).toBeGreaterThan(50_000)
  })

  test('lock.release()', async () => {
    const lock = await locks.acquire('report')
    await locks.forceRelease('report')
    await using _ = await locks.acquire('report')
    expect(await lock.release()).toBe(false)
    expect(await locks.isHeld('report')).toBe(true)
  })

  test('lock.locked()', async () => {
    expect(await locks.isHeld('report')).toBe(false)
    await using _ = await locks.acquire('report')
    expect(await locks.isHeld('report')).toBe(true)
  })

  test('break a lock', async () => {
    const lock = await locks.acquire('report', { ttl: '300ms' })
    await locks.forceRelease('report')
    expect(await locks.isHeld('report')).toBe(false)
    await waitUntil('its holder knows', () => lock.signal.aborted)
  })
})

describe('When Redis is away', () => {
  let gone: RedisServer
  beforeAll(async () => {
    gone = await startRedis()
  })
  afterAll(() => gone.stop())
  afterEach(() => gone.restart())

  /** A toolkit whose Redis has just been killed. */
  async function away(options: LarderOptions = {}) {
    const adapter = open({ url: gone.url })
    const toolkit = another(options, adapter)
    await toolkit.cache.set('user:1', 'Ada', { ttl: '10m' })
    await gone.kill()
    return toolkit
  }

  test('a cached call falls back to the function', async () => {
    const { cached } = await away()
    let runs = 0
    const find = cached('5m', 'find', async () => ++runs)
    const startedMs = performance.now()
    for (let call = 1; call <= 20; call++) expect(await find()).toBe(call)
    expect(performance.now() - startedMs).toBeLessThan(5 * 250 + 500)
  })

  test('get() gives nothing', async () => {
    const { cache } = await away()
    expect(await cache.get('user:1')).toBeUndefined()
  })

  test('set() and delete() raise', async () => {
    const { cache } = await away()
    const retryLater = vi.fn()
    for (const work of [() => cache.set('user:1', 'Ada', { ttl: '1m' }), () => cache.delete('user:1')]) {
      try {
        await work()
      } catch (error) {
        if (error instanceof StoreError) retryLater()
      }
    }
    expect(retryLater).toHaveBeenCalledTimes(2)
  })

  test('a rate limit counts in this process', async () => {
    const { limiter } = await away()
    const api = limiter({ prefix: 'api', limit: 1, per: '1m' })
    const userId = 'ada'
    const { allowed, reason } = await api.check(userId)
    expect({ allowed, reason }).toEqual({ allowed: true, reason: 'unavailable' })
    expect((await api.check(userId)).allowed).toBe(false)
  })

  test('a rate limit refuses', async () => {
    const { limiter } = await away()
    const payments = limiter({ prefix: 'payments', limit: 10, per: '1m', onStoreError: 'deny' })
    expect(await payments.check('ada')).toMatchObject({ status: 'undecided', allowed: false })
  })

  test('a session is not lost', async () => {
    const { createSessions } = another({}, open({ url: gone.url }))
    const sessions = createSessions<string>({ ttl: '1m' })
    const id = await sessions.create('Ada')
    await gone.kill()
    const answer = async () => {
      try {
        return Response.json(await sessions.get(id))
      } catch (error) {
        if (error instanceof StoreError) return new Response('later', { status: 503 })
        throw error
      }
    }
    expect((await answer()).status).toBe(503)
  })

  test('a lock is not taken', async () => {
    const { withLock } = await away()
    const [body, retryLater] = [vi.fn(), vi.fn()]
    try {
      await withLock('report', body)
    } catch (error) {
      if (error instanceof LockStoreError) retryLater()
    }
    expect(retryLater).toHaveBeenCalledOnce()
    expect(body).not.toHaveBeenCalled()
  })

  test('log what went on without Redis', async () => {
    const { cached, events } = await away()
    const log = vi.fn()
    events.on((event) => event.type === 'fallback' && log(event.error))
    expect(await cached('5m', 'find', async () => 'found')()).toBe('found')
    expect(log).toHaveBeenCalledWith(expect.any(StoreError))
  })

  test('back to Redis when it is there again', async () => {
    const seen: LarderEvent[] = []
    const { cached } = await away({ onEvent: (event) => seen.push(event) })
    const find = cached('5m', 'find', async () => 'found')
    for (let call = 0; call < 10; call++) await find()
    expect(seen.some((event) => event.type === 'breaker' && event.state === 'open')).toBe(true)
    await gone.restart()
    await waitUntil('hits are served again', async () => {
      seen.length = 0
      await find()
      return seen.some(({ type }) => type === 'hit')
    })
  })

  test('no Redis at all, for development', async () => {
    const { cache, bus } = createLarder()
    const { messages, onMessage } = mailbox()
    await cache.set('user:1', { name: 'Ada' }, { ttl: '10m' })
    expect(await cache.get('user:1')).toEqual({ name: 'Ada' })
    await bus.subscribe(['news'], onMessage)
    await bus.publish('news', 1)
    await expect.poll(() => messages).toEqual([['news', 1]])
  })
})

describe('What has no counterpart', () => {
  test('a synchronous client', async () => {
    const waiting = redis.withConnection((client) => client.blpop('queue', 10))
    let ticks = 0
    await waitUntil('it waits', async () => (await server.cli('INFO', 'clients')).includes('blocked_clients:1'))
    for (const work of [() => cache.get('user:1'), () => redis.ping(), () => health()]) {
      const answer = work()
      expect(answer).toBeInstanceOf(Promise)
      await answer
      ticks++
    }
    expect(ticks).toBe(3)
    await server.cli('RPUSH', 'queue', 'job')
    expect(await waiting).toEqual(['queue', 'job'])
  })

  test('get_message() in a loop', async () => {
    const { messages, onMessage } = mailbox()
    const subscription = await bus.subscribe(['news'], onMessage)
    for (let at = 0; at < 100; at++) await bus.publish('news', at)
    await expect.poll(() => messages).toEqual(Array.from({ length: 100 }, (_, at) => ['news', at]))
    expect(Object.keys(subscription)).toEqual(['unsubscribe'])
    await subscription.unsubscribe()
  })

  test('acquire() without a release()', async () => {
    const before = await server.clientCount()
    const own = new Redis(url)
    await own.set('flag', 'on')
    expect(redis.counts().used).toBe(0)
    expect(await server.clientCount()).toBe(before + 1)
    own.disconnect()
    await waitUntil('it is closed', async () => (await server.clientCount()) === before)
  })
})

test('every row of the page has its test, and every test its row with the line that it runs', () => {
  const page = readFileSync(new URL('../../../../docs/guides/from-a-redis-manager.md', import.meta.url), 'utf8')
  const source = readFileSync(fileURLToPath(import.meta.url), 'utf8')
  const rows = page.split(/^## /m).flatMap((section) =>
    [...section.matchAll(/^\| ([^|]+) \| ([^|]*) \|.*\|$/gm)]
      .map(([, name = '', code = '']) => ({
        name: `${section.split('\n', 1)} > ${name.trim()}`,
        lines: [...code.matchAll(/`([^`]+)`/g)].map(([, line = '']) => line),
      }))
      .filter(({ name }) => !/> (-+|your manager)$/.test(name)),
  )
  const tests = source.split(/^describe\((?=['"])/m).flatMap((group) => {
    const [heading, ...bodies] = group.split(/^ {2}test\((?=')|^test\(/m)
    return bodies.map((body) => ({ name: `${textOf(heading)} > ${textOf(body)}`, body }))
  })
  expect(rows.length).toBeGreaterThan(80)
  const own = tests.at(-1)
  expect(tests.slice(0, -1).map(({ name }) => name)).toEqual(rows.map(({ name }) => name))
  expect(own?.body).toContain('every row of the page')
  const missing = rows.flatMap(({ name, lines }, at) =>
    lines.filter((line) => !dense(tests[at]?.body ?? '').includes(dense(line))).map((line) => `${name}: ${line}`),
  )
  expect(missing).toEqual([])
})

/** The string that some source begins with. */
function textOf(source = ''): string | undefined {
  return /^(['"])(.*?)\1/.exec(source)?.[2]
}

/** Source without what a formatter may add. */
function dense(source: string): string {
  return source.replace(/\s/g, '').replace(/,(?=[)\]}])/g, '')
}
