import { describe, expect, test, vi } from 'vitest'
import { cacheOf } from '../../../src/index.js'
import { expectCommands, failing } from '../../../src/testing/index.js'
import { nearHits, startProcesses, warm } from '../../support/near.js'

describe('a hit in the near tier', () => {
  test('sends nothing to the store', async () => {
    const one = startProcesses().start()
    const find = one.cached({ ttl: '5m', prefix: 'find', local: true }, async (id: string) => ({ id }))
    await warm(one, () => find('a'))
    await expectCommands(one.adapter, 0, async () => {
      for (let i = 0; i < 100; i++) expect(await find('a')).toEqual({ id: 'a' })
    })
  })

  test('is an event with tier `near`, and counts as a hit', async () => {
    const one = startProcesses().start()
    const find = one.cached({ ttl: '5m', prefix: 'find', local: true }, async (id: string) => id)
    await warm(one, () => find('a'))
    one.told.length = 0
    const { hits, nearHits } = one.cache.stats()
    await find('a')
    expect(one.told).toEqual([{ type: 'hit', prefix: 'find', key: find.keyOf('a'), tier: 'near' }])
    expect(one.cache.stats()).toMatchObject({ hits: hits + 1, nearHits: nearHits + 1 })
  })

  test('comes for whatever the store may hold: null, undefined, false, 0, the empty string', async () => {
    const one = startProcesses().start()
    const load = vi.fn(async (value: unknown) => value)
    const echo = one.cached({ ttl: '5m', prefix: 'echo', local: true }, load)
    await warm(one, () => echo('first'))
    for (const value of [null, undefined, false, 0, '', NaN, 1n]) {
      await echo(value)
      expect(await nearHits(one, async () => expect(await echo(value)).toBe(value))).toBe(1)
    }
  })

  test('comes for calls whose keys are not remembered: long arguments, Dates, `key`, `scope`, `version`', async () => {
    const one = startProcesses().start()
    const options = { ttl: '5m', prefix: 'find', local: true, version: 2 } as const
    const find = one.cached({ ...options, scope: () => 'ada', key: (date: Date) => date }, async (date: Date) => date)
    await warm(one, () => find(new Date(1)))
    expect(await nearHits(one, async () => expect(await find(new Date(1))).toEqual(new Date(1)))).toBe(1)
    const long = one.cached({ ttl: '5m', prefix: 'long', local: true }, async (text: string) => text.length)
    await long('x'.repeat(500))
    expect(await nearHits(one, () => long('x'.repeat(500)))).toBe(1)
  })

  test('works for methods, of each instance alike', async () => {
    const one = startProcesses().start()
    const load = vi.fn()
    class Catalog {
      @one.Cached({ ttl: '5m', prefix: 'product', local: true })
      async product(id: string): Promise<string> {
        load()
        return id
      }
    }
    const [catalog, other] = [new Catalog(), new Catalog()]
    await warm(one, () => catalog.product('a'))
    expect(await nearHits(one, () => other.product('a'))).toBe(1)
    expect(load).toHaveBeenCalledTimes(1)
    await cacheOf(catalog, 'product').evict('a')
    await other.product('a')
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('can be had for every function by the defaults, and refused by one', async () => {
    const one = startProcesses().start({ defaults: { cached: { local: true } } })
    const find = one.cached('5m', 'find', async () => 1)
    const other = one.cached({ ttl: '5m', prefix: 'other', local: false }, async () => 1)
    await warm(one, find)
    await other()
    expect(await nearHits(one, other)).toBe(0)
  })
})

test('explain says that nothing would be sent', async () => {
  const one = startProcesses().start()
  const find = one.cached({ ttl: '5m', prefix: 'find', local: true }, async (id: string) => id)
  await warm(one, () => find('a'))
  expect(await find.explain('a')).toMatchObject({
    outcome: 'hit',
    commands: 0,
    summary: 'serves the result kept in this process',
  })
  await find.evict('a')
  expect(await find.explain('a')).toMatchObject({ outcome: 'miss', commands: 2 })
})

describe('age', () => {
  test('a result is asked for again when the ttl of the near tier ends', async () => {
    const { start, clock } = startProcesses()
    const one = start()
    const find = one.cached({ ttl: '5m', prefix: 'find', local: { ttl: '2s' } }, async () => 1)
    await warm(one, find)
    clock.advance(2_000)
    await expectCommands(one.adapter, { getMany: 1 }, find)
    clock.advance(1_999)
    await expectCommands(one.adapter, 0, find)
    clock.advance(1)
    await expectCommands(one.adapter, { getMany: 1 }, find)
  })

  test('is 10 seconds at most, unless told otherwise', async () => {
    const { start, clock } = startProcesses()
    const one = start()
    const find = one.cached({ ttl: '5m', prefix: 'find', local: true }, async () => 1)
    await warm(one, find)
    clock.advance(10_000)
    expect(await nearHits(one, find)).toBe(0)
    clock.advance(9_999)
    expect(await nearHits(one, find)).toBe(1)
    clock.advance(1)
    expect(await nearHits(one, find)).toBe(0)
  })

  test('the ttl of the result itself ends it sooner', async () => {
    const { start, clock } = startProcesses()
    const one = start()
    const load = vi.fn(async () => load.mock.calls.length)
    const find = one.cached({ ttl: '3s', prefix: 'find', local: { ttl: '1h' } }, load)
    await warm(one, find)
    clock.advance(2_999)
    expect(await nearHits(one, find)).toBe(1)
    clock.advance(1)
    expect(await find()).toBe(2)
  })

  test('a clock that was set back makes nothing younger', async () => {
    let nowMs = 1_700_000_000_000
    const one = startProcesses().start({ now: () => nowMs })
    const find = one.cached({ ttl: '5m', prefix: 'find', local: true }, async () => 1)
    await warm(one, find)
    nowMs -= 60_000
    expect(await nearHits(one, find)).toBe(0)
  })
})

describe('what is not kept', () => {
  test('what is not stored: ttl 0, `unless`, `when`, what cannot be written', async () => {
    const one = startProcesses().start()
    const options = { ttl: '5m', local: true } as const
    const ready = one.cached({ ...options, prefix: 'ready' }, async () => 1)
    await warm(one, ready)
    const functions = [
      one.cached({ ...options, prefix: 'zero', ttl: 0 }, async () => 1),
      one.cached({ ...options, prefix: 'unless', unless: () => true }, async () => 1),
      one.cached({ ...options, prefix: 'when', when: () => false }, async () => 1),
      one.cached({ ...options, prefix: 'uncacheable' }, async () => () => 1),
    ]
    for (const find of functions) {
      await find()
      expect(await nearHits(one, find as () => Promise<unknown>)).toBe(0)
    }
  })

  test('a rejection', async () => {
    const one = startProcesses().start()
    const load = vi.fn(async () => {
      if (load.mock.calls.length === 1) throw new Error('origin')
      return 'fine'
    })
    const find = one.cached({ ttl: '5m', prefix: 'find', local: true }, load)
    await expect(find()).rejects.toThrow('origin')
    expect(await find()).toBe('fine')
  })
})

describe('options', () => {
  test.for([
    ['local.ttl', { ttl: '0s' }],
    ['local.ttl', { ttl: 'soon' }],
    ['local.maxEntries', { maxEntries: 0 }],
    ['local.maxEntries', { maxEntries: 1.5 }],
    ['local.maxBytes', { maxBytes: -1 }],
    ['local.share', { share: 'both' }],
    ['local', 'yes'],
  ])('%s is named when it is out of range: %o', async ([option, local]) => {
    const one = startProcesses().start()
    const find = one.cached({ ttl: '5m', prefix: 'find', local: local as never }, async () => 1)
    for (let i = 0; i < 2; i++) await expect(find()).rejects.toMatchObject({ name: 'UsageError', option })
  })
})

test.each(['copy', 'reference'] as const)('peek and explain look there first, as a call does: %s', async (share) => {
  const { start, store } = startProcesses()
  const adapter = failing(store, { active: false })
  const one = start({ adapter })
  const find = one.cached({ ttl: '5m', prefix: 'find', local: { share } }, async (id: string) => ({ id }))
  await warm(one, () => find('a'))
  adapter.active = true
  const { hits } = one.cache.stats()
  expect(await find.peek('a')).toEqual({ id: 'a' })
  expect(await find.explain('a')).toMatchObject({
    outcome: 'hit',
    commands: 0,
    summary: 'serves the result kept in this process',
  })
  expect(one.cache.stats().hits).toBe(hits)
  expect(await nearHits(one, () => find('a'))).toBe(1)
})

describe('beside other options', () => {
  test('earlyRefresh begins before the ttl ends, though the near tier could serve until then', async () => {
    const { start, clock } = startProcesses()
    const one = start()
    const load = vi.fn(async () => {
      clock.advance(10_000)
      return load.mock.calls.length
    })
    // Each draw leads by the time of one load.
    const earlyRefresh = { random: () => Math.exp(-1) }
    const options = { ttl: '1m', prefix: 'find', local: { ttl: '1h' }, earlyRefresh } as const
    const find = one.cached(options, load)
    await warm(one, () => find())
    const before = load.mock.calls.length
    clock.advance(49_999)
    expect(await nearHits(one, () => find())).toBe(1)
    clock.advance(1)
    await find()
    await one.drain()
    expect(load).toHaveBeenCalledTimes(before + 1)
  })

  test('@CachePut leaves nothing older in either tier, even when the store is down', async () => {
    const { start, store } = startProcesses()
    const adapter = failing(store, { active: false })
    const one = start({ adapter })
    let name = 'old'
    class Catalog {
      @one.Cached({ ttl: '1h', prefix: 'name', local: { ttl: '1h' } })
      async name(_id: string): Promise<string> {
        return name
      }
      @one.CachePut({ ttl: '1h', prefix: 'name', key: (id: string) => id })
      async rename(_id: string, to: string): Promise<string> {
        name = to
        return to
      }
    }
    const catalog = new Catalog()
    await warm(one, () => catalog.name('a'))
    adapter.active = true
    expect(await catalog.rename('a', 'new')).toBe('new')
    expect(await catalog.name('a')).toBe('new')
    adapter.active = false
    await one.drain()
    expect(await catalog.name('a')).toBe('new')
  })
})
