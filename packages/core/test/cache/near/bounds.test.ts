import { describe, expect, test } from 'vitest'
import { createSieve, type Sieved } from '../../../src/cache/near/sieve.js'
import { nearHits, startProcesses, warm } from '../../support/near.js'

const OVERHEAD_BYTES = 400

describe('the near tier of a function', () => {
  test('holds no more than maxEntries, and what is used stays', async () => {
    const one = startProcesses().start()
    const options = { ttl: '5m', prefix: 'find', local: { maxEntries: 10 } } as const
    const find = one.cached(options, async (id: number) => id)
    await warm(one, () => find(0))
    for (let id = 1; id <= 100; id++) {
      await find(id)
      await find(0)
    }
    expect(await nearHits(one, () => find(0))).toBe(1)
    expect(
      await nearHits(one, async () => Promise.all(Array.from({ length: 101 }, (_, id) => find(id)))),
    ).toBeLessThanOrEqual(10)
  })

  test('holds no more than maxBytes', async () => {
    const one = startProcesses().start()
    const perEntry = 2 * ("larder:find:'00'".length + 'j"0123456789"'.length) + OVERHEAD_BYTES
    const options = { ttl: '5m', prefix: 'find', local: { maxBytes: 5 * perEntry } } as const
    const find = one.cached(options, async (_id: string) => '0123456789')
    await warm(one, () => find('00'))
    const ids = Array.from({ length: 20 }, (_, i) => String(i + 10))
    for (const id of ids) await find(id)
    expect(await nearHits(one, async () => Promise.all(['00', ...ids].map((id) => find(id))))).toBe(5)
  })

  test('does not take a result that is larger than all of it, and forgets the one before', async () => {
    const one = startProcesses().start()
    const options = { ttl: '5m', prefix: 'find', local: { maxBytes: 1_000 } } as const
    let length = 10
    const find = one.cached(options, async (_id: string) => 'x'.repeat(length))
    await warm(one, () => find('a'))
    length = 1_000
    await find.refresh('a')
    await find('a')
    expect(await nearHits(one, async () => expect(await find('a')).toHaveLength(1_000))).toBe(0)
    length = 10
    await find('b')
    expect(await nearHits(one, () => find('b'))).toBe(1)
  })

  test('does not serve what had to make room, although it is remembered where its arguments are', async () => {
    const one = startProcesses().start()
    let truth = 1
    const options = { ttl: '5m', prefix: 'find', local: { maxEntries: 1 } } as const
    const find = one.cached(options, async (_id: string) => truth)
    await warm(one, () => find('a'))
    await find('a')
    await find('b')
    truth = 2
    await find.evict('a')
    expect(await find('a')).toBe(2)
  })

  test('forgets the names of what it has let go', async () => {
    const { engineOf } = await import('../../../src/cache/engine.js')
    const { createContext } = await import('../../../src/options.js')
    const { createCached } = await import('../../../src/cache/cached.js')
    const context = createContext({})
    const cached = createCached({ context: () => context, claims: new Map() })
    const tags = (id: number) => [`tag ${id}`]
    const find = cached({ ttl: '5m', prefix: 'find', local: { maxEntries: 3 }, tags }, async (id: number) => id)
    const { near } = engineOf(context)
    expect(near).toBeUndefined()
    for (let id = 0; id < 200; id++) await find(id)
    // Of each of three entries the key and the tag; the prefix, the namespace, and what all have in common.
    expect([...(engineOf(context).near?.marks.held() ?? [])].length).toBe(3 * 2 + 3)
  })
})

describe('sieve', () => {
  interface Item extends Sieved {
    readonly name: string
  }
  const item = (name: string): Item => ({ name, bytes: 10, visited: false }) as Item
  const setUp = (names: string) => {
    const sieve = createSieve<Item>()
    const items = [...names].map(item)
    for (const each of items) sieve.add(each)
    const evict = () => {
      const victim = sieve.victim()
      sieve.remove(victim)
      return victim.name
    }
    const use = (name: string) => {
      const found = items.find((each) => each.name === name)
      if (found) found.visited = true
    }
    return { sieve, items, evict, use }
  }

  test('takes the oldest first that was not used', () => {
    const { sieve, evict, use } = setUp('abcdefg')
    for (const name of 'adg') use(name)
    expect([evict(), evict()]).toEqual(['b', 'c'])
    expect([sieve.size, sieve.bytes]).toEqual([5, 50])
  })

  test('goes on from where it stopped, and comes to what was used once more', () => {
    const { sieve, evict, use } = setUp('abc')
    use('a')
    expect(evict()).toBe('b')
    sieve.add(item('d'))
    expect([evict(), evict(), evict()]).toEqual(['c', 'd', 'a'])
    expect(sieve.size).toBe(0)
  })

  test('finds one although all were used', () => {
    const { evict, use } = setUp('abc')
    for (const name of 'abc') use(name)
    expect([evict(), evict(), evict()]).toEqual(['a', 'b', 'c'])
  })

  test('survives the removal of the one it stands at', () => {
    const { sieve, items, evict, use } = setUp('abcd')
    use('a')
    expect(evict()).toBe('b')
    sieve.remove(items[2] as Item)
    expect([evict(), evict()]).toEqual(['d', 'a'])
  })
})
