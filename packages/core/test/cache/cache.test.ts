import { describe, expect, test, vi } from 'vitest'
import { createLarder } from '../../src/index.js'

function setUp() {
  let nowMs = 1_700_000_000_000
  const larder = createLarder({ now: () => nowMs })
  return {
    ...larder,
    advance(ms: number) {
      nowMs += ms
    },
  }
}

describe('the cache by keys of your own', () => {
  test('set and get until the ttl ends', async () => {
    const { cache, advance } = setUp()
    await cache.set('user:1', { name: 'Ada', born: new Date(0) }, { ttl: '1m' })
    expect(await cache.get('user:1')).toEqual({ name: 'Ada', born: new Date(0) })
    expect(await cache.get('user:2')).toBeUndefined()
    advance(60_000)
    expect(await cache.get('user:1')).toBeUndefined()
  })

  test('a later set wins, whatever was there', async () => {
    const { cache } = setUp()
    await cache.set('k', 1, { ttl: '1m' })
    await cache.set('k', 2, { ttl: '1m' })
    await cache.delete('k')
    await cache.set('k', 3, { ttl: '1m' })
    expect(await cache.get('k')).toBe(3)
  })

  test('getMany keeps the order of its keys', async () => {
    const { cache } = setUp()
    await cache.set('a', 1, { ttl: '1m' })
    await cache.set('c', null, { ttl: '1m', tags: ['t'] })
    expect(await cache.getMany(['c', 'b', 'a', 'a'])).toEqual([null, undefined, 1, 1])
    expect(await cache.getMany([])).toEqual([])
  })

  test('getOrSet loads once, for concurrent callers too', async () => {
    const { cache } = setUp()
    const load = vi.fn(async () => 'value')
    const ask = () => cache.getOrSet('k', load, { ttl: '1m', tags: ['t'] })
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(['value', 'value', 'value'])
    expect(await ask()).toBe('value')
    expect(await cache.get('k')).toBe('value')
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('tags evict what carries them, of cached functions too', async () => {
    const { cache, cached } = setUp()
    const load = vi.fn(async () => 1)
    const find = cached({ ttl: '1m', prefix: 'find', tags: ['products'] }, load)
    await find()
    await cache.set('a', 1, { ttl: '1m', tags: ['products', 'shop:1'] })
    await cache.set('b', 2, { ttl: '1m', tags: ['users'] })
    await cache.evictTags(['products'])
    expect(await cache.getMany(['a', 'b'])).toEqual([undefined, 2])
    await find()
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('clear evicts everything in the namespace', async () => {
    const { cache, cached } = setUp()
    const find = cached('1m', 'find', async () => 1)
    await find()
    await cache.set('a', 1, { ttl: '1m' })
    await cache.clear()
    expect(await cache.get('a')).toBeUndefined()
    expect(await find.peek()).toBeUndefined()
  })

  test('deleteMatching takes a glob over the keys as they were given', async () => {
    const { cache } = setUp()
    for (const key of ['user:1', 'user:2', 'user*', 'order:1']) await cache.set(key, key, { ttl: '1m' })
    expect(await cache.deleteMatching('user\\*')).toBe(1)
    expect(await cache.deleteMatching('user:?')).toBe(2)
    expect(await cache.getMany(['user:1', 'user:2', 'user*', 'order:1'])).toEqual([
      undefined,
      undefined,
      undefined,
      'order:1',
    ])
  })

  test('a load under way when its key is deleted is not stored', async () => {
    const { cache } = setUp()
    for (const evict of [() => cache.delete('k'), () => cache.deleteMatching('*'), () => cache.clear()]) {
      const value = await cache.getOrSet(
        'k',
        async () => {
          await evict()
          return 'old'
        },
        { ttl: '1m' },
      )
      expect(value).toBe('old')
      expect(await cache.get('k')).toBeUndefined()
    }
  })

  test('its keys never meet those of cached functions', async () => {
    const { cache, cached } = setUp()
    const find = cached('1m', 'find', async () => 'method')
    await find()
    await cache.set(find.keyOf().replace('larder:', ''), 'mine', { ttl: '1m' })
    expect(await find()).toBe('method')
  })

  test('counts', async () => {
    const { cache, cached } = setUp()
    const find = cached('1m', 'find', async () => 1)
    await Promise.all([find(), find()])
    await find()
    expect(cache.stats()).toEqual({ hits: 1, nearHits: 0, misses: 1, dedupes: 1, fallbacks: 0, stales: 0 })
  })

  test('refuses what it cannot keep', async () => {
    const { cache } = setUp()
    await expect(cache.set('k', () => 1, { ttl: '1m' })).rejects.toMatchObject({ code: 'ERR_UNCACHEABLE_VALUE' })
    await expect(cache.set('k', 1, { ttl: 0 })).rejects.toMatchObject({ option: 'ttl' })
    await expect(cache.set('k', 1, { ttl: '1m', tags: [''] })).rejects.toMatchObject({ option: 'tags' })
    await expect(cache.get(1 as never)).rejects.toMatchObject({ option: 'key' })
  })
})
