import { createLarder, type Larder, StoreError } from '@larder/core'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { tcp } from '../../src/tcp/index.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js'
import { waitUntil } from '../support/wait-until.js'

// Evictions while a real server is down or hangs. `here` is the process that evicts, `elsewhere` another one.

const BUDGET_MS = 250
const SLACK_MS = 100

let redis: RedisServer
let here: Larder
let elsewhere: Larder
let version = 1
refuseUnhandledRejections()
beforeEach(async () => {
  redis = await startRedis()
  here = open()
  elsewhere = open()
  version = 1
})
afterEach(() => redis.stop())

function open(): Larder {
  const larder = createLarder({ adapter: tcp({ url: redis.url }), namespace: 'shop' })
  onTestFinished(() => larder.close())
  return larder
}

const productIn = ({ cached }: Larder) =>
  cached(
    { ttl: '1h', prefix: 'product', tags: (id: string) => ['products', `product:${id}`] },
    async (id: string) => `${id} v${version}`,
  )

const ids = Array.from({ length: 40 }, (_, i) => `p${i}`)

/** Calls until the store has answered one. */
async function usedAgain(product: (id: string) => Promise<string>): Promise<void> {
  const answered = () => here.cache.stats().hits + here.cache.stats().misses
  const before = answered()
  await waitUntil('the store is used again', async () => {
    await product('unrelated')
    return answered() > before
  })
}

describe('a store that comes back is left with nothing that was evicted meanwhile, when it', () => {
  test('was killed, and has its data again', async () => {
    const product = productIn(here)
    for (const id of ids) await product(id)
    await redis.command('SAVE')
    await redis.kill()
    version = 2
    for (const id of ids.slice(0, 20)) await expect(product.evict(id)).rejects.toBeInstanceOf(StoreError)
    for (const id of ids.slice(20)) await expect(here.cache.evictTags(`product:${id}`)).rejects.toThrow('tried again')
    await redis.restart({ keepData: true })
    // Whatever is read first, all of it is evicted by then, for other processes too.
    await usedAgain(product)
    const other = productIn(elsewhere)
    for (const id of ids) {
      expect(await other(id)).toBe(`${id} v2`)
      expect(await product(id)).toBe(`${id} v2`)
    }
  })

  test('hung, and goes on', async () => {
    const product = productIn(here)
    for (const id of ids) await product(id)
    redis.pause()
    version = 2
    const evicted = await Promise.allSettled([...ids.slice(0, 20).map((id) => product.evict(id)), here.cache.clear()])
    expect(evicted.map(({ status }) => status)).not.toContain('fulfilled')
    redis.resume()
    for (const id of ids) expect(await product(id)).toBe(`${id} v2`)
    await usedAgain(product)
    const other = productIn(elsewhere)
    for (const id of ids) expect(await other(id)).toBe(`${id} v2`)
  })

  test('comes back to a process that does not use it', async () => {
    const product = productIn(here)
    await product('p1')
    await redis.command('SAVE')
    await redis.kill()
    version = 2
    await expect(product.evict('p1')).rejects.toBeInstanceOf(StoreError)
    await redis.restart({ keepData: true })
    const other = productIn(elsewhere)
    await waitUntil('the eviction has arrived', async () => (await other.peek('p1')) === undefined)
    expect(await other('p1')).toBe('p1 v2')
  })
})

describe('while evictions wait, 50 cached calls are answered within one budget when the store', () => {
  const callFifty = async (product: (id: string) => Promise<string>) => {
    const addedMs: number[] = []
    for (let call = 0; call < 50; call++) {
      const startedMs = performance.now()
      expect(await product('p1')).toBe('p1 v2')
      addedMs.push(performance.now() - startedMs)
    }
    expect(Math.max(...addedMs)).toBeLessThan(BUDGET_MS + SLACK_MS)
    expect(addedMs.sort((a, b) => a - b)[25]).toBeLessThan(5)
  }

  test('is gone', async () => {
    const product = productIn(here)
    await product('p1')
    await redis.kill()
    version = 2
    await expect(here.cache.clear()).rejects.toBeInstanceOf(StoreError)
    await callFifty(product)
  })

  test('hangs', async () => {
    const product = productIn(here)
    await product('p1')
    redis.pause()
    version = 2
    await expect(here.cache.clear()).rejects.toBeInstanceOf(StoreError)
    await callFifty(product)
    redis.resume()
  })
})
