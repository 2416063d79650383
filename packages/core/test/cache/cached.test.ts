import { describe, expect, test, vi } from 'vitest'
import { createLarder, type LarderEvent, memory } from '../../src/index.js'

function setUp() {
  let nowMs = 1_700_000_000_000
  const events: LarderEvent[] = []
  const larder = createLarder({ now: () => nowMs, onEvent: (event) => events.push(event) })
  return {
    ...larder,
    events,
    advance(ms: number) {
      nowMs += ms
    },
  }
}

describe('a cached function', () => {
  test('runs once and serves its result until the ttl ends', async () => {
    const { cached, advance } = setUp()
    const find = vi.fn(async (id: string) => ({ id }))
    const product = cached('5m', 'product', find)
    expect(await product('p1')).toEqual({ id: 'p1' })
    advance(299_999)
    expect(await product('p1')).toEqual({ id: 'p1' })
    expect(find).toHaveBeenCalledTimes(1)
    advance(1)
    await product('p1')
    expect(find).toHaveBeenCalledTimes(2)
  })

  test('gives each caller a result of its own', async () => {
    const { cached } = setUp()
    const product = cached('5m', 'product', async () => ({ tags: ['a'] }))
    await product()
    const one = await product()
    one.tags.push('mine')
    expect(await product()).toEqual({ tags: ['a'] })
  })

  test('keeps this, name, length and arguments', async () => {
    const { cached } = setUp()
    async function find(this: { base: number }, a: number, b: number) {
      return this.base + a + b
    }
    const cachedFind = cached('1m', 'find', find)
    expect(await cachedFind.call({ base: 100 }, 1, 2)).toBe(103)
    expect(cachedFind.name).toBe('find')
    expect(cachedFind.length).toBe(2)
  })

  test('runs the method once for 300 concurrent cold calls, and all get its value', async () => {
    const { cached } = setUp()
    const load = vi.fn(async (id: string) => ({ id }))
    const find = cached('1m', 'find', load)
    const results = await Promise.all(Array.from({ length: 300 }, () => find('a')))
    expect(load).toHaveBeenCalledTimes(1)
    expect(results).toEqual(Array.from({ length: 300 }, () => ({ id: 'a' })))
  })

  test('a rejection reaches all callers as the same error object, and is not kept', async () => {
    const { cached } = setUp()
    const failure = new Error('origin')
    const load = vi.fn(async () => {
      throw failure
    })
    const find = cached('1m', 'find', load)
    const results = await Promise.allSettled(Array.from({ length: 300 }, () => find()))
    expect(load).toHaveBeenCalledTimes(1)
    for (const result of results) expect((result as PromiseRejectedResult).reason).toBe(failure)
    await expect(find()).rejects.toBe(failure)
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('what the function throws synchronously is a rejection too', async () => {
    const { cached } = setUp()
    const failure = new Error('at once')
    const find = cached('1m', 'find', (): Promise<void> => {
      throw failure
    })
    await expect(find()).rejects.toBe(failure)
  })

  test.each([[null], [undefined], [0], [''], [false]])('%s is a result like any other', async (value) => {
    const { cached } = setUp()
    const load = vi.fn(async () => value)
    const find = cached('1m', 'find', load)
    expect(await find()).toBe(value)
    expect(await find()).toBe(value)
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('nullTtl is for null and undefined, and 0 stores neither', async () => {
    const { cached, advance } = setUp()
    const load = vi.fn(async (id: string) => (id === 'there' ? 1 : null))
    const find = cached({ ttl: '1h', nullTtl: '10s', prefix: 'find' }, load)
    await find('gone')
    await find('there')
    advance(10_000)
    await find('gone')
    await find('there')
    expect(load.mock.calls.flat()).toEqual(['gone', 'there', 'gone'])

    const never = vi.fn(async () => undefined)
    const ask = cached({ ttl: '1h', nullTtl: 0, prefix: 'ask' }, never)
    await ask()
    await ask()
    expect(never).toHaveBeenCalledTimes(2)
  })

  test('the ttl can be told from the result, and 0 stores nothing', async () => {
    const { cached, advance } = setUp()
    const load = vi.fn(async (seconds: number) => ({ seconds }))
    const find = cached({ ttl: ({ seconds }) => seconds, prefix: 'find' }, load)
    await find(0)
    await find(0)
    await find(10)
    advance(9_999)
    await find(10)
    advance(1)
    await find(10)
    expect(load.mock.calls.flat()).toEqual([0, 0, 10, 10])
  })

  test('when decides by the arguments, unless by the result', async () => {
    const { cached } = setUp()
    const load = vi.fn(async (id: string) => id.length)
    const find = cached({ ttl: '1m', prefix: 'find', when: (id) => id !== 'live', unless: (n) => n > 5 }, load)
    for (const id of ['live', 'live', 'a', 'a', 'too long', 'too long']) await find(id)
    expect(load.mock.calls.flat()).toEqual(['live', 'live', 'a', 'too long', 'too long'])
  })

  test('key stands for the arguments, and must not be undefined', async () => {
    const { cached } = setUp()
    const load = vi.fn(async (request: { id?: string }) => request.id)
    const find = cached({ ttl: '1m', prefix: 'find', key: (request) => request.id }, load)
    await find({ id: 'a' })
    await find(Object.assign(new (class Wrapped {})(), { id: 'a' }))
    expect(load).toHaveBeenCalledTimes(1)
    await expect(find({})).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option: 'key' })
  })

  test('refuses arguments without a key, as a rejection that says what to do', async () => {
    const { cached } = setUp()
    const find = cached('1m', 'find', async (_callback: () => void) => 1)
    await expect(find(() => {})).rejects.toThrow(/`key`/)
  })

  test('returns a value that cannot be stored, does not store it, and says so once', async () => {
    const { cached, events } = setUp()
    const load = vi.fn(async () => new Response('hello'))
    const fetchPage = cached('1m', 'page', load)
    expect(await (await fetchPage()).text()).toBe('hello')
    expect(await (await fetchPage()).text()).toBe('hello')
    expect(load).toHaveBeenCalledTimes(2)
    const reports = events.filter(({ type }) => type === 'uncacheable')
    expect(reports).toEqual([
      {
        type: 'uncacheable',
        prefix: 'page',
        error: expect.objectContaining({ code: 'ERR_UNCACHEABLE_VALUE', path: '$' }),
      },
    ])
  })

  test('a function that returns no Promise is told so, in plain JavaScript', async () => {
    const { cached } = setUp()
    const find = cached('1m', 'find', (() => 1) as unknown as () => Promise<number>)
    await expect(find()).rejects.toMatchObject({ code: 'ERR_NOT_ASYNC' })
  })

  test('a serializer of your own', async () => {
    const { cached } = setUp()
    const load = vi.fn(async () => 'abc')
    const reversed = {
      serialize: (value: unknown) => [...String(value)].reverse().join(''),
      deserialize: (text: string) => [...text].reverse().join(''),
    }
    const find = cached({ ttl: '1m', prefix: 'find', serializer: reversed }, load)
    expect([await find(), await find()]).toEqual(['abc', 'abc'])
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('tells what it does by events', async () => {
    const { cached, events } = setUp()
    const find = cached('1m', 'find', async (id: string) => id)
    await Promise.all([find('a'), find('a')])
    await find('a')
    await find.evict('a')
    await find('a')
    expect(events.map((event) => ('reason' in event ? `${event.type} ${event.reason}` : event.type))).toEqual([
      'miss absent',
      'dedupe',
      'fill',
      'hit',
      'evict',
      'miss evicted',
      'fill',
    ])
  })
})

describe('the handle', () => {
  test('evict, evictAll, refresh, peek and keyOf', async () => {
    const { cached } = setUp()
    let version = 0
    const find = cached('1m', 'find', async (id: string) => `${id}${++version}`)
    expect(await find.peek('a')).toBeUndefined()
    expect(await find('a')).toBe('a1')
    expect(await find.peek('a')).toBe('a1')
    expect(await find.refresh('a')).toBe('a2')
    expect(await find('a')).toBe('a2')
    await find.evict('a')
    expect(await find('a')).toBe('a3')
    await find('b')
    await find.evictAll()
    expect(await find.peek('a')).toBeUndefined()
    expect(await find.peek('b')).toBeUndefined()
    expect(find.keyOf('a')).toBe('larder:find:"a"')
  })

  test('a refresh is nobody else’s load: readers get what is stored, and not its failure', async () => {
    const { cached } = setUp()
    let loads = 0
    const find = cached('1m', 'find', async () => {
      if (++loads > 1) throw new Error('the refresh fails')
      return 'stored'
    })
    await find()
    const refreshing = find.refresh()
    expect(await find()).toBe('stored')
    await expect(refreshing).rejects.toThrow('the refresh fails')
    expect(await find()).toBe('stored')
  })

  test('a refresh whose result is not to be stored leaves nothing older behind', async () => {
    const { cached } = setUp()
    let result: string | undefined = 'old'
    const find = cached({ ttl: '1m', prefix: 'find', nullTtl: 0 }, async () => result)
    await find()
    result = undefined
    expect(await find.refresh()).toBeUndefined()
    expect(await find.peek()).toBeUndefined()
  })

  test('explain says what a call would do, why, and what it would send', async () => {
    const { cached, cache } = setUp()
    const find = cached(
      { ttl: '1m', prefix: 'find', tags: ['t'], when: (id) => id !== 'live' },
      async (id: string) => id,
    )
    expect(await find.explain('a')).toMatchObject({ outcome: 'miss', reason: 'absent', commands: 2 })
    await find('a')
    expect(await find.explain('a')).toMatchObject({ outcome: 'hit', commands: 1, key: 'larder:find:"a"' })
    await cache.evictTags('t')
    expect(await find.explain('a')).toMatchObject({ outcome: 'miss', reason: 'stamp' })
    expect(await find.explain('live')).toMatchObject({ outcome: 'bypass', commands: 0, key: undefined })
  })
})

describe('what lies in the store', () => {
  test.each([
    ['foreign', 'hello'],
    ['empty', ''],
    ['of another version', '2000000000000000000000000;j1'],
    ['a tombstone without an end', '!'],
  ])('an entry that is %s is a miss and is replaced', async (_, text) => {
    const adapter = memory()
    const { cached } = createLarder({ adapter })
    const load = vi.fn(async () => 42)
    const find = cached('1m', 'find', load)
    await adapter.set(find.keyOf(), text)
    expect(await find()).toBe(42)
    expect(await find()).toBe(42)
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('an entry cut short anywhere is a miss and is replaced', async () => {
    const adapter = memory()
    const { cached } = createLarder({ adapter })
    const find = cached('1m', 'find', async () => 1234567)
    await find()
    const [whole] = (await adapter.getMany([find.keyOf()])) as [string]
    for (let length = 0; length < whole.length; length++) {
      await adapter.set(find.keyOf(), whole.slice(0, length))
      expect((await find.explain()).outcome).toBe('miss')
      expect(await find()).toBe(1234567)
      expect((await find.explain()).outcome).toBe('hit')
    }
  })

  test('two toolkits with one store, namespace and prefix share entries; other namespaces do not', async () => {
    const adapter = memory()
    const load = vi.fn(async (id: string) => id)
    const [one, two, other] = ['shop', 'shop', 'blog'].map((namespace) =>
      createLarder({ adapter, namespace }).cached('1m', 'find', load),
    )
    await one?.('a')
    await two?.('a')
    expect(load).toHaveBeenCalledTimes(1)
    await other?.('a')
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('concurrent first loads under new stamps are all stored', async () => {
    const { cached } = setUp()
    const load = vi.fn(async (id: number) => id)
    const find = cached({ ttl: '1m', prefix: 'find', tags: (id) => ['all', `id:${id}`] }, load)
    const ids = Array.from({ length: 100 }, (_, i) => i)
    await Promise.all(ids.map(find))
    await Promise.all(ids.map(find))
    expect(load).toHaveBeenCalledTimes(100)
  })

  test('a stamp that was lost is a miss, never a resurrection', async () => {
    const adapter = memory()
    const { cached, cache } = createLarder({ adapter })
    let version = 0
    const find = cached({ ttl: '1m', prefix: 'find', tags: ['t'] }, async () => ++version)
    await find()
    await cache.evictTags('t')
    await adapter.delete(['larder:$tag:t'])
    expect(await find()).toBe(2)
  })
})
