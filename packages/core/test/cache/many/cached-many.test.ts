import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { cacheManyOf, cacheOf, createLarder, type LarderEvent, memory } from '../../../src/index.js'
import { counting, expectCommands, failing } from '../../../src/testing/index.js'

interface Product {
  id: string
  stock: number
}

function setUp(options = {}) {
  let nowMs = 1_700_000_000_000
  const events: LarderEvent[] = []
  const now = () => nowMs
  const store = counting(memory({ now }))
  const larder = createLarder({ adapter: store, now, onEvent: (event) => events.push(event), ...options })
  return {
    ...larder,
    store,
    events,
    advance(ms: number) {
      nowMs += ms
    },
  }
}

/** The products whose id begins with `p`: of all others there are none. */
const find = async (ids: string[]) =>
  new Map(ids.filter((id) => id.startsWith('p')).map((id): [string, Product] => [id, { id, stock: 1 }]))

const asked = (load: { mock: { calls: unknown[][] } }) => load.mock.calls.map(([ids]) => ids)

/** A load that waits until it is told to go on, or to fail. */
function gated() {
  const waiting: { ids: string[]; open: () => void; fail: (error: Error) => void }[] = []
  const load = (ids: string[]) =>
    new Promise<Map<string, Product>>((resolve, reject) => {
      waiting.push({ ids, open: () => resolve(find(ids)), fail: reject })
    })
  return { waiting, load, begun: (n: number) => expect.poll(() => waiting.length).toBe(n) }
}

describe('a call', () => {
  test('runs the function once, with the ids that are not stored', async () => {
    const { cachedMany } = setUp()
    const load = vi.fn(find)
    const products = cachedMany({ ttl: '5m', prefix: 'product' }, load)
    await products(['p1', 'p2'])
    expect(await products(['p3', 'p2', 'p4', 'p1'])).toEqual(await find(['p3', 'p2', 'p4', 'p1']))
    expect(asked(load)).toEqual([
      ['p1', 'p2'],
      ['p3', 'p4'],
    ])
  })

  test('gives a Map of what is there, each once, in the order of the ids', async () => {
    const { cachedMany } = setUp()
    const load = vi.fn(find)
    const products = cachedMany({ ttl: '5m', prefix: 'product' }, load)
    await products(['p2'])
    const found = await products(['p3', 'p2', 'none', 'p1', 'p3', 'p2'])
    expect([...found.keys()]).toEqual(['p3', 'p2', 'p1'])
    expect(found.has('none')).toBe(false)
    expect(asked(load)).toEqual([['p2'], ['p3', 'none', 'p1']])
  })

  test('of no ids asks nobody', async () => {
    const { cachedMany, store } = setUp()
    const load = vi.fn(find)
    const products = cachedMany({ ttl: '5m', prefix: 'product' }, load)
    expect(await expectCommands(store, 0, () => products([]))).toEqual(new Map())
    expect(load).not.toHaveBeenCalled()
  })

  test('is one read, and one write for each id that was missing', async () => {
    const { cachedMany, store } = setUp()
    const products = cachedMany({ ttl: '5m', prefix: 'product', tags: ['shop'] }, find)
    // The namespace, the prefix and the tag were never seen before.
    await expectCommands(store, { getMany: 1, set: 2 + 3 }, () => products(['p1', 'p2']))
    await expectCommands(store, { getMany: 1, set: 3 }, () => products(['p1', 'p3', 'p4', 'none']))
    await expectCommands(store, { getMany: 1 }, () => products(['p4', 'none', 'p1']))
  })

  test('of many ids asks for 1,000 keys at a time', async () => {
    const sizes: number[] = []
    const inner = memory()
    const adapter = {
      ...inner,
      getMany(keys: readonly string[]) {
        sizes.push(keys.length)
        return inner.getMany(keys)
      },
    }
    const { cachedMany } = createLarder({ adapter })
    const load = vi.fn(async (ids: number[]) => new Map(ids.map((id) => [id, id * 2])))
    const doubles = cachedMany({ ttl: '5m', prefix: 'double' }, load)
    const ids = Array.from({ length: 2_500 }, (_, id) => id)
    expect([...(await doubles(ids))]).toEqual(ids.map((id) => [id, id * 2]))
    expect(load).toHaveBeenCalledTimes(1)
    expect(sizes).toEqual([1_000, 1_000, 506])
    await doubles(ids)
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('gives each caller values of its own', async () => {
    const { cachedMany } = createLarder()
    const products = cachedMany({ ttl: '5m', prefix: 'product' }, find)
    await products(['p1'])
    const mine = (await products(['p1'])).get('p1') as Product
    mine.stock = 99
    expect((await products(['p1'])).get('p1')).toEqual({ id: 'p1', stock: 1 })
  })

  test('keeps this, name, length and further arguments, which are part of the key', async () => {
    const { cachedMany } = setUp()
    const seen: unknown[] = []
    async function prices(this: { shop: string }, ids: string[], currency: string) {
      seen.push(this.shop, ids, currency)
      return new Map(ids.map((id) => [id, `${id} in ${currency}`]))
    }
    const cachedPrices = cachedMany({ ttl: '5m', prefix: 'price' }, prices)
    const shop = { shop: 'north' }
    expect(await cachedPrices.call(shop, ['p1'], 'EUR')).toEqual(new Map([['p1', 'p1 in EUR']]))
    expect(await cachedPrices.call(shop, ['p1'], 'USD')).toEqual(new Map([['p1', 'p1 in USD']]))
    expect(seen).toEqual(['north', ['p1'], 'EUR', 'north', ['p1'], 'USD'])
    expect([cachedPrices.name, cachedPrices.length]).toEqual(['prices', 2])
  })

  test('tells 1 from "1", and takes bigints', async () => {
    const { cachedMany } = setUp()
    const names = cachedMany(
      { ttl: '5m', prefix: 'name' },
      async (ids: (string | number | bigint)[]) => new Map(ids.map((id) => [id, typeof id])),
    )
    const ids = [1, '1', 1n]
    for (let round = 0; round < 2; round++)
      expect([...(await names(ids)).values()]).toEqual(['number', 'string', 'bigint'])
  })

  test('writes all texts in one go, however long each takes to be made', async () => {
    const { cachedMany, store } = setUp()
    const log: string[] = []
    const set = store.set
    store.set = (...args) => {
      log.push('set')
      return set(...args)
    }
    const serializer = {
      async serialize(value: unknown) {
        const { stock } = value as Product
        for (let turn = 0; turn < stock; turn++) await new Promise((resolve) => setImmediate(resolve))
        log.push('text')
        return JSON.stringify(value)
      },
      deserialize: (text: string) => JSON.parse(text),
    }
    const { cachedMany: many } = createLarder({ adapter: store })
    expect(many).not.toBe(cachedMany)
    const products = many(
      { ttl: '5m', prefix: 'product', serializer },
      async (ids: string[]) => new Map(ids.map((id, i) => [id, { id, stock: i * 2 }])),
    )
    await products(['p1', 'p2', 'p3'])
    expect(log).toEqual(['text', 'text', 'text', 'set', 'set', 'set', 'set', 'set'])
  })
})

describe('an absent id', () => {
  test('is known to be absent, for nullTtl', async () => {
    const { cachedMany, advance } = setUp()
    const load = vi.fn(find)
    const products = cachedMany({ ttl: '1h', nullTtl: '10s', prefix: 'product' }, load)
    await products(['none', 'p1'])
    advance(9_999)
    expect(await products(['none', 'p1'])).toEqual(await find(['p1']))
    advance(1)
    await products(['none', 'p1'])
    expect(asked(load)).toEqual([['none', 'p1'], ['none']])
  })

  test('is kept as long as the others without nullTtl, and not at all where it is 0 or the ttl a function', async () => {
    const { cachedMany } = setUp()
    const load = vi.fn(find)
    const kept = cachedMany({ ttl: '1h', prefix: 'a' }, load)
    const never = cachedMany({ ttl: '1h', nullTtl: 0, prefix: 'b' }, load)
    const byValue = cachedMany({ ttl: ({ stock }) => stock, prefix: 'c' }, load)
    for (const products of [kept, never, byValue]) {
      await products(['p1', 'none'])
      await products(['p1', 'none'])
    }
    expect(asked(load)).toEqual([['p1', 'none'], ['p1', 'none'], ['none'], ['p1', 'none'], ['none']])
  })

  test('is one given as undefined too, and null is a value', async () => {
    const { cachedMany } = setUp()
    const values = cachedMany(
      { ttl: '1h', prefix: 'value' },
      async (ids: string[]) => new Map(ids.map((id) => [id, id === 'nil' ? null : undefined])),
    )
    for (let round = 0; round < 2; round++) expect(await values(['a', 'nil'])).toEqual(new Map([['nil', null]]))
  })
})

describe('options are for each id', () => {
  test('ttl by the value', async () => {
    const { cachedMany, advance } = setUp()
    const load = vi.fn(async (ids: number[]) => new Map(ids.map((id) => [id, { seconds: id }])))
    const values = cachedMany({ ttl: ({ seconds }) => seconds, prefix: 'value' }, load)
    await values([0, 5, 10])
    await values([0, 5, 10])
    advance(5_000)
    await values([0, 5, 10])
    expect(asked(load)).toEqual([[0, 5, 10], [0], [0, 5]])
  })

  test('tags by the id: evicting one leaves the others', async () => {
    const { cachedMany, cache } = setUp()
    const load = vi.fn(find)
    const products = cachedMany({ ttl: '1h', prefix: 'product', tags: (id: string) => [`product:${id}`, 'all'] }, load)
    await products(['p1', 'p2', 'p3'])
    await cache.evictTags('product:p2')
    await products(['p1', 'p2', 'p3'])
    await cache.evictTags('all')
    await products(['p1', 'p2', 'p3'])
    expect(asked(load)).toEqual([['p1', 'p2', 'p3'], ['p2'], ['p1', 'p2', 'p3']])
  })

  test('unless by the value, when by the id: both still come from one run', async () => {
    const { cachedMany } = setUp()
    const load = vi.fn(find)
    const products = cachedMany(
      { ttl: '1h', prefix: 'product', when: (id) => id !== 'p-live', unless: ({ id }) => id === 'p-odd' },
      load,
    )
    const ids = ['p1', 'p-live', 'p-odd', 'none']
    expect([...(await products(ids)).keys()]).toEqual(['p1', 'p-live', 'p-odd'])
    expect([...(await products(ids)).keys()]).toEqual(['p1', 'p-live', 'p-odd'])
    expect(asked(load)).toEqual([ids, ['p-live', 'p-odd']])
  })

  test('scope keeps tenants apart, and a missing one bypasses the cache', async () => {
    const { CachedMany } = setUp()
    const load = vi.fn(find)
    class Catalog {
      constructor(readonly tenant?: string) {}
      @CachedMany({
        ttl: '1h',
        scope(this: Catalog) {
          return this.tenant
        },
      })
      async products(ids: string[]): Promise<Map<string, Product>> {
        return load(ids)
      }
    }
    for (const tenant of ['a', 'a', 'b', undefined, undefined]) await new Catalog(tenant).products(['p1'])
    expect(load).toHaveBeenCalledTimes(4)
  })

  test('key by the id: ids with one key are loaded once and share a value', async () => {
    const { cachedMany } = setUp()
    const load = vi.fn(find)
    const products = cachedMany({ ttl: '1h', prefix: 'product', key: (id) => id.toLowerCase() }, load)
    const found = await products(['pA', 'p2', 'pa'])
    expect([...found]).toEqual([
      ['pA', { id: 'pA', stock: 1 }],
      ['p2', { id: 'p2', stock: 1 }],
      ['pa', { id: 'pA', stock: 1 }],
    ])
    await products(['pa'])
    expect(asked(load)).toEqual([['pA', 'p2']])
  })

  test('jitter by itself: what was stored together does not end together, nor later than its ttl', async () => {
    const { cachedMany, advance } = setUp({ defaults: { cached: { jitter: 0.5 } } })
    const ids = Array.from({ length: 200 }, (_, id) => id)
    const load = vi.fn(async (some: number[]) => new Map(some.map((id) => [id, id])))
    const values = cachedMany({ ttl: '100s', prefix: 'value' }, load)
    await values(ids)
    advance(49_999)
    expect((await values.peek(ids)).size).toBe(200)
    advance(25_000)
    const left = (await values.peek(ids)).size
    expect(left).toBeGreaterThan(50)
    expect(left).toBeLessThan(150)
    advance(25_001)
    expect((await values.peek(ids)).size).toBe(0)
  })

  test('version keeps apart what an older one stored', async () => {
    const { cachedMany, store } = setUp()
    const { cachedMany: next } = createLarder({ adapter: store })
    const load = vi.fn(find)
    await cachedMany({ ttl: '1h', prefix: 'product', version: 1 }, load)(['p1'])
    await next({ ttl: '1h', prefix: 'product', version: 2 }, load)(['p1'])
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('schema and migrate hold each value to a shape, and leave absent ids alone', async () => {
    const { cachedMany, store, events } = setUp()
    const old = async (ids: string[]) => new Map(ids.map((id) => [id, id === 'p1' ? { id, count: 7 } : { id }]))
    await cachedMany({ ttl: '1h', prefix: 'product' }, old)(['p1', 'p2'])
    const { cachedMany: next } = createLarder({ adapter: store, onEvent: (event) => events.push(event) })
    const load = vi.fn(find)
    const products = next(
      {
        ttl: '1h',
        prefix: 'product',
        schema: z.object({ id: z.string(), stock: z.number() }),
        migrate: ({ id, count }) => (count === undefined ? undefined : { id, stock: count }),
      },
      load,
    )
    events.length = 0
    const ids = ['p1', 'p2', 'none']
    for (let round = 0; round < 2; round++) {
      expect([...(await products(ids)).values()]).toEqual([
        { id: 'p1', stock: 7 },
        { id: 'p2', stock: 1 },
      ])
    }
    expect(asked(load)).toEqual([['p2', 'none']])
    expect(events.flatMap((event) => (event.type === 'miss' ? [event.reason] : []))).toEqual(['schema', 'absent'])
  })
})

describe('concurrent calls', () => {
  test('load an id once: a call waits for what another is loading, and loads the rest', async () => {
    const { cachedMany, cache } = setUp()
    const { load, waiting, begun } = gated()
    const products = cachedMany({ ttl: '1h', prefix: 'product' }, load)
    const one = products(['p1', 'p2'])
    await begun(1)
    const two = products(['p2', 'p3', 'none'])
    await begun(2)
    const three = products(['p3', 'p1'])
    expect(waiting.map(({ ids }) => ids)).toEqual([
      ['p1', 'p2'],
      ['p3', 'none'],
    ])
    waiting[1]?.open()
    waiting[0]?.open()
    expect(await one).toEqual(await find(['p1', 'p2']))
    expect(await two).toEqual(await find(['p2', 'p3']))
    expect(await three).toEqual(await find(['p3', 'p1']))
    expect(waiting).toHaveLength(2)
    expect(cache.stats()).toMatchObject({ misses: 4, dedupes: 3, hits: 0 })
  })

  test('begun in one tick are one read, and still load an id once', async () => {
    const { cachedMany, store } = setUp()
    const load = vi.fn(find)
    const products = cachedMany({ ttl: '1h', prefix: 'product' }, load)
    const calls = () => Promise.all([products(['p1', 'p2']), products(['p2', 'p3']), products(['p3', 'p1'])])
    await expectCommands(store, { getMany: 1, set: 3 + 2 }, calls)
    expect(asked(load).flat().sort()).toEqual(['p1', 'p2', 'p3'])
    await expectCommands(store, { getMany: 1 }, calls)
  })

  test('an error reaches exactly those that wait for one of its ids, as the same object, and is not kept', async () => {
    const { cachedMany } = setUp()
    const { load, waiting, begun } = gated()
    const products = cachedMany({ ttl: '1h', prefix: 'product' }, load)
    const failing = products(['p1', 'p2'])
    await begun(1)
    const waitingToo = products(['p2', 'p3'])
    await begun(2)
    const unconcerned = products(['p3', 'p4'])
    await begun(3)
    const failure = new Error('origin')
    const outcomes = Promise.allSettled([failing, waitingToo, unconcerned])
    waiting[0]?.fail(failure)
    waiting[1]?.open()
    waiting[2]?.open()
    expect(await outcomes).toEqual([
      { status: 'rejected', reason: failure },
      { status: 'rejected', reason: failure },
      { status: 'fulfilled', value: await find(['p3', 'p4']) },
    ])
    const again = products(['p1', 'p3'])
    await begun(4)
    expect(waiting[3]?.ids).toEqual(['p1'])
    waiting[3]?.open()
    expect(await again).toEqual(await find(['p1', 'p3']))
  })

  test('a caller who comes after an eviction does not join the load from before it, nor is that stored', async () => {
    const { cachedMany } = setUp()
    let stock = 1
    const gates: (() => void)[] = []
    const load = vi.fn(async (ids: string[]) => {
      const seen = new Map(ids.map((id) => [id, { id, stock }]))
      await new Promise<void>((resolve) => gates.push(resolve))
      return seen
    })
    const products = cachedMany({ ttl: '1h', prefix: 'product' }, load)
    const before = products(['p1', 'p2'])
    await expect.poll(() => gates.length).toBe(1)
    stock = 2
    await products.evict(['p1'])
    const after = products(['p1', 'p2'])
    await expect.poll(() => gates.length).toBe(2)
    for (const open of gates) open()
    expect((await before).get('p1')?.stock).toBe(1)
    expect([...(await after).values()].map((value) => value.stock)).toEqual([2, 1])
    expect([...(await products(['p1', 'p2'])).values()].map((value) => value.stock)).toEqual([2, 1])
    expect(asked(load)).toEqual([['p1', 'p2'], ['p1']])
  })
})

describe('when the store fails', () => {
  test('the function runs once with all ids', async () => {
    const store = failing(memory(), { active: false })
    const { cachedMany, cache } = createLarder({ adapter: store })
    const load = vi.fn(find)
    const products = cachedMany({ ttl: '1h', prefix: 'product' }, load)
    await products(['p1'])
    store.active = true
    expect(await products(['p1', 'p2', 'none'])).toEqual(await find(['p1', 'p2']))
    expect(asked(load)).toEqual([['p1'], ['p1', 'p2', 'none']])
    expect(cache.stats().fallbacks).toBe(1)
    await expect(products.peek(['p1'])).rejects.toMatchObject({ code: 'ERR_STORE' })
    await expect(products.evict(['p1'])).rejects.toMatchObject({ code: 'ERR_STORE' })
    expect(await products.refresh(['p1', 'p2'])).toEqual(await find(['p1', 'p2']))
  })

  test('values that cannot be written are given all the same, and the others are stored', async () => {
    const store = failing(memory(), { when: ({ method, args }) => method === 'set' && String(args[0]).includes('p2') })
    const { cachedMany } = createLarder({ adapter: store })
    const load = vi.fn(find)
    const products = cachedMany({ ttl: '1h', prefix: 'product' }, load)
    expect(await products(['p1', 'p2'])).toEqual(await find(['p1', 'p2']))
    expect(await products(['p1', 'p2'])).toEqual(await find(['p1', 'p2']))
    expect(asked(load)).toEqual([['p1', 'p2'], ['p2']])
  })

  test('a value that cannot be stored is given and reported once, and the others are stored', async () => {
    const { cachedMany, events } = setUp()
    const load = vi.fn(async (ids: string[]) => new Map(ids.map((id) => [id, id === 'f' ? () => 1 : id])))
    const values = cachedMany({ ttl: '1h', prefix: 'value' }, load)
    for (let round = 0; round < 2; round++) expect([...(await values(['a', 'f'])).keys()]).toEqual(['a', 'f'])
    expect(asked(load)).toEqual([['a', 'f'], ['f']])
    expect(events.filter(({ type }) => type === 'uncacheable')).toHaveLength(1)
  })
})

describe('the handle', () => {
  const open = () => {
    const larder = setUp()
    const load = vi.fn(find)
    return { ...larder, load, products: larder.cachedMany({ ttl: '1h', prefix: 'product' }, load) }
  }

  test('evict is one command for each id, evictAll one for all', async () => {
    const { products, store, load } = open()
    await products(['p1', 'p2', 'p3'])
    await expectCommands(store, { set: 2 }, () => products.evict(['p1', 'p2', 'p1']))
    await products(['p1', 'p2', 'p3'])
    await expectCommands(store, { set: 1 }, () => products.evictAll())
    await products(['p1', 'p2', 'p3'])
    expect(asked(load)).toEqual([
      ['p1', 'p2', 'p3'],
      ['p1', 'p2'],
      ['p1', 'p2', 'p3'],
    ])
  })

  test('peek reads and never runs the function', async () => {
    const { products, store, load } = open()
    await products(['p1', 'none'])
    const peek = () => products.peek(['p2', 'p1', 'none'])
    expect(await expectCommands(store, { getMany: 1 }, peek)).toEqual(await find(['p1']))
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('refresh runs the function once with all ids, whatever is stored', async () => {
    const { products, store, load } = open()
    await products(['p1', 'p2'])
    load.mockImplementation(async (ids) => new Map(ids.map((id) => [id, { id, stock: 2 }])))
    const fresh = await expectCommands(store, { getMany: 1, set: 3 }, () => products.refresh(['p3', 'p1', 'p2']))
    expect([...fresh]).toEqual(['p3', 'p1', 'p2'].map((id) => [id, { id, stock: 2 }]))
    expect(await products(['p3', 'p1', 'p2'])).toEqual(fresh)
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('refresh leaves nothing stored of what is not to be', async () => {
    const { cachedMany } = setUp()
    let stock = 1
    const load = vi.fn(async (ids: string[]) => new Map(ids.map((id) => [id, { id, stock }])))
    const products = cachedMany({ ttl: '1h', prefix: 'product', unless: (value) => value.stock === 0 }, load)
    await products(['p1'])
    stock = 0
    await products.refresh(['p1'])
    expect(await products.peek(['p1'])).toEqual(new Map())
  })

  test('keyOf is the key of one id', async () => {
    const { products, cachedMany } = open()
    expect(products.keyOf('p1')).toBe('larder:product:"p1"')
    const scoped = cachedMany({ ttl: '1h', prefix: 'scoped', scope: () => undefined }, find)
    expect(() => scoped.keyOf('p1')).toThrow(/scope/)
    await expect(scoped.evict(['p1'])).rejects.toMatchObject({ code: 'ERR_UNCACHEABLE_ARGUMENT' })
  })

  test('of a method is found by cacheManyOf', async () => {
    const { CachedMany, Cached } = setUp()
    class Catalog {
      @CachedMany({ ttl: '1h', prefix: 'product' })
      async products(ids: readonly string[]): Promise<Map<string, Product>> {
        return find([...ids])
      }
      @Cached('1h', 'count')
      async count(): Promise<number> {
        return 1
      }
    }
    const catalog = new Catalog()
    expect(await catalog.products(['p1'])).toEqual(await find(['p1']))
    const handle = cacheManyOf(catalog, 'products')
    expect(await handle.peek(['p1'])).toEqual(await find(['p1']))
    await handle.evict(['p1'])
    expect(await handle.peek(['p1'])).toEqual(new Map())
    expect(() => cacheManyOf(catalog, 'count' as never)).toThrow(/@CachedMany/)
    expect(() => cacheOf(catalog, 'products')).toThrow(/@Cached/)
  })
})

describe('refuses, and names the way out', () => {
  const fails = (promise: Promise<unknown>, code: string, option?: string) =>
    expect(promise).rejects.toMatchObject({ code, ...(option && { option }) })

  test('what is no list of ids', async () => {
    const { cachedMany } = setUp()
    const products = cachedMany({ ttl: '1h', prefix: 'product' }, find)
    for (const ids of ['p1', undefined, [{}], [null], [undefined], new Array(1), [Symbol('p1')]]) {
      await fails(products(ids as string[]), 'ERR_INVALID_OPTION', 'ids')
    }
  })

  test('a result that is no Map', async () => {
    const { cachedMany } = setUp()
    const products = cachedMany(
      { ttl: '1h', prefix: 'product' },
      (async (ids: string[]) => ids) as never as typeof find,
    )
    await fails(products(['p1']), 'ERR_MANY_RESULT')
  })

  test('ids of another type than were asked, which would pass for absent', async () => {
    const { cachedMany } = setUp()
    const byRow = async (ids: number[]) => new Map(ids.map((id) => [`${id}` as never, id]))
    const values = cachedMany({ ttl: '1h', prefix: 'value' }, byRow as (ids: number[]) => Promise<Map<number, number>>)
    await fails(values([1, 2]), 'ERR_MANY_RESULT')
    expect(await values.peek([1, 2])).toEqual(new Map())
  })

  test('ids that nobody asked for are ignored', async () => {
    const { cachedMany } = setUp()
    const all = async (_ids: string[]) => find(['p1', 'p2', 'p3'])
    const products = cachedMany({ ttl: '1h', prefix: 'product' }, all)
    expect(await products(['p2', 'none'])).toEqual(await find(['p2']))
    expect(await products.peek(['p1'])).toEqual(new Map())
  })

  test('a function that returns no Promise', async () => {
    const { cachedMany } = setUp()
    const products = cachedMany({ ttl: '1h', prefix: 'product' }, (() => new Map()) as never as typeof find)
    await fails(products(['p1']), 'ERR_NOT_ASYNC')
  })

  test('options that are none, out of range, or of @Cached only', () => {
    const { cachedMany, CachedMany } = setUp()
    const make = (options: object) => () => cachedMany({ ttl: '1h', prefix: 'product', ...options }, find)
    expect(make({ ttl: 'soon' })).toThrow(expect.objectContaining({ option: 'ttl' }))
    expect(make({ earlyRefresh: true })).toThrow(expect.objectContaining({ option: 'earlyRefresh' }))
    expect(make({ prefix: '$x' })).toThrow(expect.objectContaining({ option: 'prefix' }))
    expect(() => cachedMany({ ttl: 1, prefix: 'x' }, 5 as never)).toThrow(expect.objectContaining({ option: 'fn' }))
    expect(() => CachedMany({ ttl: -1 as 1 })).toThrow(expect.objectContaining({ option: 'ttl' }))
    make({})()
    expect(make({})).toThrow(expect.objectContaining({ code: 'ERR_PREFIX_TAKEN' }))
    expect(() => cachedMany({ ttl: 1 }, find)).toThrow(expect.objectContaining({ code: 'ERR_PREFIX_REQUIRED' }))
  })

  test('a decorator on what is no method', () => {
    const { CachedMany } = setUp()
    expect(() => {
      class Catalog {
        // @ts-expect-error: a field is no method.
        @CachedMany({ ttl: '1h', prefix: 'product' })
        products = 1
      }
      return new Catalog()
    }).toThrow(expect.objectContaining({ code: 'ERR_DECORATOR_POSITION' }))
  })
})

test('options by default hold for it as its own do: about values, never about absent ids', async () => {
  const unless = vi.fn((value: { draft?: boolean }) => value.draft === true)
  const { cachedMany } = setUp({ defaults: { cached: { unless, staleWhileRevalidate: '1h' } } })
  const load = vi.fn(async (ids: string[]) => new Map(ids.filter((id) => id !== 'none').map((id) => [id, { id }])))
  const find = cachedMany({ ttl: '1m', prefix: 'find' }, load)
  for (let i = 0; i < 2; i++) expect([...(await find(['a', 'none'])).keys()]).toEqual(['a'])
  expect(load).toHaveBeenCalledTimes(1)
  expect(unless).toHaveBeenCalledTimes(1)
})
