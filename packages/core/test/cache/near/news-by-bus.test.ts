import { describe, expect, test, vi } from 'vitest'
import { counting, expectCommands, failing } from '../../../src/testing/index.js'
import { breakable, nearHits, startProcesses, warm } from '../../support/near.js'

const LOCAL = { ttl: '1h' } as const

/** Two processes, each with the same function in its near tier. */
async function setUp() {
  const { start, clock, store } = startProcesses()
  const [one, two] = [start(), start()]
  let truth = 1
  const options = {
    ttl: '1h',
    prefix: 'find',
    local: LOCAL,
    tags: (id: string) => ['all', `tag:${id}`],
  } as const
  const load = vi.fn(async (_id: string) => truth)
  const findInOne = one.cached(options, load)
  const findInTwo = two.cached(options, load)
  for (const id of ['a', 'b']) {
    await warm(one, () => findInOne(id))
    await warm(two, () => findInTwo(id))
  }
  return {
    start,
    clock,
    store,
    one,
    two,
    findInOne,
    findInTwo,
    load,
    change() {
      truth++
    },
  }
}

type At = Awaited<ReturnType<typeof setUp>>
const evictions: [string, (at: At) => Promise<unknown>, both: boolean][] = [
  ['a key', ({ findInOne }) => findInOne.evict('a'), false],
  ['a tag', ({ one }) => one.cache.evictTags('tag:a'), false],
  ['a tag of several', ({ one }) => one.cache.evictTags(['all', 'none']), true],
  ['all of a function', ({ findInOne }) => findInOne.evictAll(), true],
  ['everything', ({ one }) => one.cache.clear(), true],
]

describe.each(evictions)('an eviction of %s', (_name, evict, both) => {
  test('is seen at once by the process that evicts, and by others when it has resolved', async () => {
    const at = await setUp()
    const { one, two, findInOne, findInTwo, change } = at
    change()
    await evict(at)
    for (const [process, find] of [
      [one, findInOne],
      [two, findInTwo],
    ] as const) {
      expect(await nearHits(process, async () => expect(await find('a')).toBe(2))).toBe(0)
      expect(await nearHits(process, async () => expect(await find('b')).toBe(both ? 2 : 1))).toBe(both ? 0 : 1)
    }
  })
})

describe('what else makes a result old', () => {
  test('`refresh`: other processes ask the store again', async () => {
    const { findInOne, findInTwo, one, change } = await setUp()
    change()
    expect(await findInOne.refresh('a')).toBe(2)
    expect(await findInOne('a')).toBe(2)
    expect(await nearHits(one, () => findInOne('a'))).toBe(1)
    expect(await findInTwo('a')).toBe(2)
  })

  test('@CachePut: the method that writes is seen everywhere', async () => {
    const { one, findInOne, findInTwo } = await setUp()
    class Catalog {
      @one.CachePut({
        ttl: '1h',
        prefix: 'find',
        key: (id: string) => id,
        tags: (id: string) => ['all', `tag:${id}`],
      })
      async save(_id: string, value: number): Promise<number> {
        return value
      }
    }
    await new Catalog().save('a', 42)
    expect(await findInOne('a')).toBe(42)
    expect(await findInTwo('a')).toBe(42)
  })

  test('@CacheEvict, by tag and by prefix and key', async () => {
    const { one, findInTwo, change } = await setUp()
    class Catalog {
      @one.CacheEvict({ prefix: 'find', key: (id: string) => id })
      async rename(_id: string): Promise<void> {}
      @one.CacheEvict({ tags: ['all'] })
      async sellOut(): Promise<void> {}
    }
    change()
    await new Catalog().rename('a')
    expect([await findInTwo('a'), await findInTwo('b')]).toEqual([2, 1])
    change()
    await new Catalog().sellOut()
    expect([await findInTwo('a'), await findInTwo('b')]).toEqual([3, 3])
  })

  test('a process whose functions have no near tier tells when it is asked to', async () => {
    const { start, findInTwo, change } = await setUp()
    const silent = start()
    const telling = start({ announceEvictions: true })
    change()
    await silent.cache.evictTags('all')
    expect(await findInTwo('a')).toBe(1)
    await telling.cache.evictTags('all')
    expect(await findInTwo('a')).toBe(2)
  })

  test('tags of `this`: a result kept under other tags is not served', async () => {
    const { start } = startProcesses()
    const one = start()
    let truth = 1
    class Shop {
      constructor(readonly name: string) {}
      @one.Cached({
        ttl: '1h',
        prefix: 'rate',
        local: LOCAL,
        tags(this: Shop) {
          return [this.name]
        },
      })
      async rate(_currency: string): Promise<number> {
        return truth
      }
    }
    const [books, shoes] = [new Shop('books'), new Shop('shoes')]
    await warm(one, () => books.rate('eur'))
    truth++
    await one.cache.evictTags('shoes')
    expect(await shoes.rate('eur')).toBe(2)
  })
})

describe('no stale fill', () => {
  test('what was read before an eviction elsewhere is not kept after it', async () => {
    const { start, store } = startProcesses()
    const two = start()
    let release: (() => void) | undefined
    let isSlow = false
    const one = start({
      adapter: {
        ...store,
        async getMany(keys) {
          const values = await store.getMany(keys)
          if (isSlow) await new Promise<void>((resolve) => (release = resolve))
          return values
        },
      },
    })
    let truth = 1
    const options = { ttl: '1h', prefix: 'find', local: LOCAL } as const
    const find = one.cached(options, async (_id: string) => truth)
    const findInTwo = two.cached(options, async (_id: string) => truth)
    await warm(one, () => find('other'))
    await findInTwo('a')
    isSlow = true
    // Has read the old entry, and its answer is on the way.
    const reading = find('a')
    await vi.waitFor(() => expect(release).toBeDefined())
    truth = 2
    await findInTwo.evict('a')
    isSlow = false
    release?.()
    expect(await reading).toBe(1)
    expect(await find('a')).toBe(2)
  })

  test('what was loaded before an eviction elsewhere is neither kept nor joined by later callers', async () => {
    const { start } = startProcesses()
    const [one, two] = [start(), start()]
    const loads: ((value: number) => void)[] = []
    const options = { ttl: '1h', prefix: 'find', local: LOCAL } as const
    const find = one.cached(options, (id: string) =>
      id === 'ready' ? Promise.resolve(0) : new Promise<number>((resolve) => loads.push(resolve)),
    )
    const findInTwo = two.cached(options, async (_id: string) => 0)
    await warm(one, () => find('ready'))
    const before = find('a')
    await vi.waitFor(() => expect(loads).toHaveLength(1))
    await findInTwo.evict('a')
    const after = find('a')
    await vi.waitFor(() => expect(loads).toHaveLength(2))
    loads[0]?.(1)
    loads[1]?.(2)
    expect([await before, await after]).toEqual([1, 2])
    expect(await find('a')).toBe(2)
  })
})

describe('when the bus breaks', () => {
  async function connected() {
    const { start, clock, store } = startProcesses()
    const connection = breakable(store)
    const one = start({ adapter: connection.adapter })
    const two = start()
    let truth = 1
    const options = { ttl: '1h', prefix: 'find', local: LOCAL } as const
    const find = one.cached(options, async (_id: string) => truth)
    const findInTwo = two.cached(options, async (_id: string) => truth)
    await warm(one, () => find('a'))
    return {
      connection,
      clock,
      one,
      find,
      async evictElsewhere() {
        truth++
        await findInTwo.evict('a')
      },
    }
  }

  test('everything is forgotten, and nothing is kept until messages arrive again', async () => {
    const { one, find, evictElsewhere, connection } = await connected()
    const { disconnect, reconnect } = connection
    disconnect()
    await evictElsewhere()
    expect(await find('a')).toBe(2)
    for (let i = 0; i < 3; i++) expect(await nearHits(one, () => find('a'))).toBe(0)
    reconnect()
    await find('a')
    expect(await nearHits(one, () => find('a'))).toBe(1)
    await evictElsewhere()
    expect(await find('a')).toBe(3)
    expect(one.told.filter(({ type }) => type === 'bus')).toEqual([
      { type: 'bus', state: 'disconnected', channels: ['larder:$evict'] },
      { type: 'bus', state: 'reconnected', channels: ['larder:$evict'] },
    ])
  })

  test('a read that began before the break is not kept after it', async () => {
    const { one, find, connection } = await connected()
    const { disconnect, reconnect } = connection
    const reading = find('b')
    disconnect()
    reconnect()
    await reading
    expect(await nearHits(one, () => find('b'))).toBe(0)
    expect(await nearHits(one, () => find('b'))).toBe(1)
  })

  test('an adapter that does not come back by itself is asked again, at most once a second', async () => {
    const { one, find, clock, connection } = await connected()
    const { disconnect, refuse } = connection
    refuse(true)
    disconnect()
    for (let i = 0; i < 5; i++) await find('a')
    clock.advance(1_000)
    await expectCommands(one.adapter, { getMany: 5, subscribe: 1 }, async () => {
      for (let i = 0; i < 5; i++) await find('a')
    })
    expect(one.told.filter(({ type }) => type === 'fallback')).toEqual([
      { type: 'fallback', operation: 'bus', prefix: '$near', error: new Error('connection refused') },
    ])
    refuse(false)
    clock.advance(1_000)
    await warm(one, () => find('a'))
    expect(connection.subscriptions).toBe(1)
  })

  test('a message that cannot be read is taken for an eviction of everything', async () => {
    const { one, find, connection } = await connected()
    await connection.adapter.publish?.('larder:$evict', '[99,"of a version to come"]')
    expect(await nearHits(one, () => find('a'))).toBe(0)
  })

  test('calls go on without a near tier while the first subscription is pending or refused', async () => {
    const { start, store } = startProcesses()
    const one = start({ adapter: { ...store, subscribe: () => new Promise(() => {}) } })
    const find = one.cached({ ttl: '1h', prefix: 'find', local: true }, async () => 1)
    for (let i = 0; i < 5; i++) expect(await find()).toBe(1)
    expect(one.cache.stats().nearHits).toBe(0)
    await one.close()
  })

  test('close ends the subscription, and nothing is served from then on', async () => {
    const { one, find, connection } = await connected()
    await one.close()
    expect(connection.subscriptions).toBe(0)
    expect(await nearHits(one, () => find('a'))).toBe(0)
  })
})

describe('the bill', () => {
  test('an eviction costs one message more where a function has a near tier, and nothing more elsewhere', async () => {
    const { one, findInOne, start } = await setUp()
    await expectCommands(one.adapter, { set: 1, publish: 1 }, () => findInOne.evict('a'))
    await expectCommands(one.adapter, { set: 3, publish: 1 }, () => one.cache.evictTags(['a', 'b', 'c']))
    await expectCommands(one.adapter, { set: 1, publish: 1 }, () => one.cache.clear())
    const other = start()
    const plain = other.cached('1h', 'plain', async (_id: string) => 1)
    await plain('a')
    await expectCommands(other.adapter, { set: 1 }, () => plain.evict('a'))
    await expectCommands(other.adapter, { set: 1 }, () => other.cache.clear())
  })

  test('is announced by a process that only decorates, and has called no cached function yet', async () => {
    const { start } = startProcesses()
    const one = start()
    one.cached({ ttl: '1h', prefix: 'find', local: true }, async () => 1)
    await expectCommands(one.adapter, { set: 1, publish: 1 }, () => one.cache.clear())
  })

  test('values stored by keys of your own cost no message: no near tier holds them', async () => {
    const { one } = await setUp()
    await one.cache.set('a', 1, { ttl: '1m' })
    await expectCommands(one.adapter, { set: 1 }, () => one.cache.delete('a'))
  })

  test('an announcement that fails is an event: the eviction has succeeded', async () => {
    const { start, store } = startProcesses()
    const one = start({
      adapter: counting({
        ...store,
        async publish() {
          throw new Error('gone')
        },
      }),
    })
    const find = one.cached({ ttl: '1h', prefix: 'find', local: true }, async () => 1)
    await find()
    await find.evict()
    expect(one.told.filter(({ type }) => type === 'fallback')).toMatchObject([{ operation: 'bus', prefix: '$near' }])
  })
})

test('an eviction that the store got only later is announced then', async () => {
  const { start, store, two, findInTwo, change } = await setUp()
  const down = failing(store, { active: false })
  const one = start({ adapter: down, announceEvictions: true })
  change()
  down.active = true
  await expect(one.cache.evictTags('all')).rejects.toMatchObject({ code: 'ERR_STORE' })
  expect(await nearHits(two, async () => expect(await findInTwo('a')).toBe(1))).toBe(1)
  down.active = false
  // The next use of the cache brings it about.
  await one.cache.get('anything')
  expect(await findInTwo('a')).toBe(2)
})

test('a connection that comes back by a subscription made anew is told of too', async () => {
  const { start, clock, store } = startProcesses()
  const connection = breakable(store)
  const one = start({ adapter: connection.adapter })
  const find = one.cached({ ttl: '1h', prefix: 'find', local: LOCAL }, async () => 1)
  await warm(one, find)
  connection.disconnect()
  clock.advance(1_000)
  await warm(one, find)
  const states = one.told.flatMap((event) => (event.type === 'bus' ? [event.state] : []))
  expect(states).toEqual(['disconnected', 'reconnected'])
})
