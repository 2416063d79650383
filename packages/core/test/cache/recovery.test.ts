import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLarder, type Larder, type LarderEvent, memory, StoreError } from '../../src/index.js'
import { type FakeClock, type FaultyAdapter, failing, fakeClock, hanging } from '../../src/testing/index.js'
import { withoutBus } from '../support/near.js'

// The store is away while something is evicted, and comes back with what it had. `here` is the process that evicted,
// `elsewhere` another one over the same store.

const DAY_MS = 86_400_000
/** No call is worth another try: the guard's retries would need timers to run. */
const down = Object.assign(new Error('the store is down'), { retryable: false })

let clock: FakeClock
let store: FaultyAdapter
let here: Larder
let elsewhere: Larder
let events: LarderEvent[]
let version: number

beforeEach(() => {
  vi.useFakeTimers()
  clock = fakeClock()
  const shared = memory({ now: clock.now, maxEntries: 100_000 })
  store = failing(shared, { active: false, error: down })
  events = []
  const options = { namespace: 'shop', now: clock.now, store: { breaker: { failures: 1_000_000 } } }
  here = createLarder({ ...options, adapter: store, onEvent: (event) => events.push(event) })
  elsewhere = createLarder({ ...options, adapter: failing(shared, { active: false }) })
  version = 1
})
afterEach(() => {
  vi.useRealTimers()
})

const productIn = ({ cached }: Larder) =>
  cached(
    { ttl: '90d', prefix: 'product', tags: (id: string) => [`product:${id}`] },
    async (id: string) => `${id} v${version}`,
  )

/** Runs `evict` while the store is away. @returns what it rejects with */
async function whileAway(evict: () => Promise<unknown>): Promise<StoreError> {
  store.active = true
  const error = await evict().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  store.active = false
  return error as StoreError
}

const sets = async () => (await here.health()).adapters.memory?.calls.set ?? 0

describe('an eviction that the store did not get', () => {
  test('rejects with StoreError, which says that it will be tried again', async () => {
    const error = await whileAway(() => here.cache.clear())
    expect(error).toBeInstanceOf(StoreError)
    expect(error).toMatchObject({ code: 'ERR_STORE', reason: 'unavailable', willRetry: true })
    expect(error.message).toContain('tried again')
  })

  test.each<[string, (larder: Larder, product: ReturnType<typeof productIn>) => Promise<unknown>]>([
    ['by key', (_, product) => product.evict('p1')],
    ['by prefix', (_, product) => product.evictAll()],
    ['by tag', ({ cache }) => cache.evictTags('product:p1')],
    ['of everything', ({ cache }) => cache.clear()],
  ])('is there before this process reads again: %s', async (_, evict) => {
    const product = productIn(here)
    await product('p1')
    version = 2
    await whileAway(() => evict(here, product))
    expect(await product('p1')).toBe('p1 v2')
    expect(await productIn(elsewhere)('p1')).toBe('p1 v2')
    expect(events.filter(({ type }) => type === 'evict')).toHaveLength(1)
  })

  test('is there before this process reads by a key of its own', async () => {
    await here.cache.set('greeting', 'hello', { ttl: '1h' })
    await whileAway(() => here.cache.delete('greeting'))
    expect(await here.cache.get('greeting')).toBeUndefined()
    expect(await elsewhere.cache.get('greeting')).toBeUndefined()
  })

  test('is there before a load that began earlier stores what it brings', async () => {
    const product = productIn(here)
    await product('p1')
    let finish: () => void = () => expect.unreachable('the load has not begun')
    const slow = here.cached({ ttl: '1h', prefix: 'slow' }, async () => {
      const loaded = version
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      return loaded
    })
    const refreshed = slow.refresh()
    await vi.advanceTimersByTimeAsync(1)
    version = 2
    await whileAway(() => slow.evict())
    finish()
    expect(await refreshed).toBe(1)
    expect(await slow.peek()).toBeUndefined()
  })

  test('by @CacheEvict lets the result through, and is tried again all the same', async () => {
    const product = productIn(here)
    class Catalog {
      @here.CacheEvict({ tags: (id: string) => [`product:${id}`] })
      async rename(id: string): Promise<string> {
        version = 2
        return `${id} renamed`
      }
    }
    await product('p1')
    store.active = true
    expect(await new Catalog().rename('p1')).toBe('p1 renamed')
    store.active = false
    expect(events.map(({ type }) => type)).toContain('fallback')
    expect(await product('p1')).toBe('p1 v2')
  })

  test('keeps the cache from being read while the store is away, and the method runs', async () => {
    const product = productIn(here)
    await product('p1')
    version = 2
    await whileAway(() => product.evict('p1'))
    store.active = true
    expect(await product('p1')).toBe('p1 v2')
    expect(here.cache.stats()).toMatchObject({ hits: 0, fallbacks: 1 })
  })

  test('is sent once, however often it was asked for, and nothing stands in the way afterwards', async () => {
    const product = productIn(here)
    await product('p1')
    for (let i = 0; i < 5; i++) await whileAway(() => product.evict('p1'))
    const before = await sets()
    await product('p1')
    // The tombstone and the fill.
    expect((await sets()) - before).toBe(2)
    await product('p1')
    expect((await sets()) - before).toBe(2)
    expect(here.cache.stats().hits).toBe(1)
  })

  test('is one of at most 1,000: beyond, a single eviction of the namespace takes their place', async () => {
    const product = productIn(here)
    await product('p1')
    for (let i = 0; i < 1_001; i++) await whileAway(() => here.cache.delete(`key ${i}`))
    const before = await sets()
    await here.cache.get('anything')
    expect((await sets()) - before).toBe(1)
    version = 2
    expect(await productIn(elsewhere)('p1')).toBe('p1 v2')
  })

  test('is forgotten when what it was to evict must have expired', async () => {
    const product = productIn(here)
    await whileAway(() => product.evict('p1'))
    clock.advance(30 * DAY_MS)
    const before = await sets()
    await here.cache.get('anything')
    expect(await sets()).toBe(before)
  })

  test('is tried by timers too, where timers run between requests', async () => {
    const product = productIn(here)
    await product('p1')
    version = 2
    store.active = true
    await expect(product.evict('p1')).rejects.toThrow(StoreError)
    await vi.advanceTimersByTimeAsync(5_000)
    store.active = false
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await productIn(elsewhere)('p1')).toBe('p1 v2')
  })

  test('is tried once more by a drain, and by a close', async () => {
    const product = productIn(here)
    await product('p1')
    version = 2
    await whileAway(() => product.evict('p1'))
    expect(await here.drain()).toBe(true)
    expect(await productIn(elsewhere)('p1')).toBe('p1 v2')

    await whileAway(() => here.cache.evictTags('product:p1'))
    const before = events.length
    await here.close()
    expect(events.slice(before).map(({ type }) => type)).toContain('evict')
  })

  test('that is wrong in itself is not tried again', async () => {
    await expect(here.cache.evictTags(['']).catch((error) => error.code)).resolves.toBe('ERR_INVALID_OPTION')
    const before = await sets()
    await here.cache.get('anything')
    expect(await sets()).toBe(before)
  })
})

test('a refresh while the store is away leaves nothing older behind, of one as of many', async () => {
  const productsIn = ({ cachedMany }: Larder) =>
    cachedMany(
      { ttl: '90d', prefix: 'products' },
      async (ids: string[]) => new Map(ids.map((id) => [id, `${id} v${version}`])),
    )
  const product = productIn(here)
  const products = productsIn(here)
  await product('p1')
  await products(['p1', 'p2'])
  version = 2
  store.active = true
  expect(await product.refresh('p1')).toBe('p1 v2')
  expect(await products.refresh(['p1'])).toEqual(new Map([['p1', 'p1 v2']]))
  store.active = false
  expect(await here.drain()).toBe(true)
  expect(await productIn(elsewhere)('p1')).toBe('p1 v2')
  expect(await productsIn(elsewhere)(['p1', 'p2'])).toEqual(
    new Map([
      ['p1', 'p1 v2'],
      ['p2', 'p2 v1'],
    ]),
  )
})

test('where the breaker lets one call through, one eviction goes ahead and the others follow', async () => {
  const adapter = failing(memory({ now: clock.now }), { active: false, error: down })
  const larder = createLarder({ adapter, now: clock.now, store: { breaker: { failures: 3, pause: '2s' } } })
  const product = larder.cached('1h', 'product', async (id: string) => `${id} v${version}`)
  for (const id of ['p1', 'p2', 'p3', 'p4']) await product(id)
  version = 2
  adapter.active = true
  for (const id of ['p1', 'p2', 'p3', 'p4']) await product.evict(id).catch(() => {})
  adapter.active = false
  // Open: nothing is sent, and nothing old is served.
  expect(await product('p1')).toBe('p1 v2')
  clock.advance(2_000)
  const found = await Promise.all(['p1', 'p2', 'p3', 'p4'].map((id) => product(id)))
  expect(found).toEqual(['p1 v2', 'p2 v2', 'p3 v2', 'p4 v2'])
  expect(larder.cache.stats()).toMatchObject({ hits: 0, fallbacks: 1 })
})

test('several keys, where near tiers learn of them by a word in the store: all are sent, and calls are answered', async () => {
  const adapter = failing(withoutBus(memory({ now: clock.now })), { active: false, error: down })
  const larder = createLarder({ adapter, now: clock.now, store: { breaker: { failures: 1_000_000 } } })
  const product = larder.cached(
    { ttl: '1h', prefix: 'product', local: true },
    async (id: string) => `${id} v${version}`,
  )
  await product('p1')
  await product('p2')
  version = 2
  adapter.active = true
  for (const id of ['p1', 'p2']) await product.evict(id).catch(() => {})
  adapter.active = false
  const answers = Promise.all([product('p1'), product('p2')])
  const gaveUp = new Promise((resolve) => setTimeout(resolve, 10_000, 'no answer'))
  await vi.advanceTimersByTimeAsync(10_000)
  expect(await Promise.race([answers, gaveUp])).toEqual(['p1 v2', 'p2 v2'])
})

test('a call waits for evictions no longer than its own budget, though another waits longer', async () => {
  const adapter = failing(memory({ now: clock.now }), { active: false, error: down })
  const hung = hanging(adapter, { active: false })
  const larder = createLarder({ adapter: hung, store: { budget: '1s', breaker: { failures: 1_000_000 } } })
  const patient = larder.cached('1h', 'patient', async () => 'patient')
  const hasty = larder.cached({ ttl: '1h', prefix: 'hasty', budget: '20ms' }, async () => 'hasty')
  adapter.active = true
  await larder.cache.delete('greeting').catch(() => {})
  hung.active = true
  const both = [patient(), hasty()]
  await vi.advanceTimersByTimeAsync(50)
  expect(await Promise.race([...both, new Promise((resolve) => queueMicrotask(() => resolve('nobody')))])).toBe('hasty')
  await vi.advanceTimersByTimeAsync(2_000)
  expect(await Promise.all(both)).toEqual(['patient', 'hasty'])
})

test('evictions that wait hold up the cache alone: not locks, calls that ran once, and sessions', async () => {
  // Full: what is there can be read.
  const full = failing(memory({ now: clock.now }), {
    active: false,
    error: down,
    when: ({ method, args }) => method === 'set' && String(args[0]).includes('$kv'),
  })
  const larder = createLarder({ adapter: full, now: clock.now, store: { breaker: { failures: 1_000_000 } } })
  const sessions = larder.createSessions<{ user: string }>({ ttl: '1h', rolling: false })
  const id = await sessions.create({ user: 'ada' })
  const pay = larder.idempotent(
    { prefix: 'pay', ttl: '1d', key: (order: string) => order },
    async (_order: string) => version,
  )
  await pay('o1')
  full.active = true
  await expect(larder.cache.delete('greeting')).rejects.toThrow(StoreError)
  version = 2
  expect((await sessions.get(id))?.data).toEqual({ user: 'ada' })
  expect(await larder.locks.isHeld('report')).toBe(false)
  expect(await pay('o1')).toBe(1)
  expect(await pay('o2')).toBe(2)
  expect(await larder.cache.getOrSet('greeting', async () => 'new', { ttl: '1h' })).toBe('new')
  expect(larder.cache.stats().fallbacks).toBe(1)
})
