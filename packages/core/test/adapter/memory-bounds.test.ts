import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Adapter, memory } from '../../src/index.js'

/** Which of `keys` are there. To ask is to use, so only after all else. */
async function kept(store: Adapter, keys: string): Promise<string> {
  const values = await store.getMany([...keys])
  return [...keys].filter((_, i) => values[i] !== null).join('')
}

async function fill(store: Adapter, keys: string): Promise<void> {
  for (const key of keys) await store.set(key, key.toUpperCase())
}

describe('maxEntries', () => {
  test('drops the entry that was not used for longest', async () => {
    const store = memory({ maxEntries: 3 })
    await fill(store, 'abcd')
    expect(await kept(store, 'abcd')).toBe('bcd')
  })

  test('counts a read as a use', async () => {
    const store = memory({ maxEntries: 3 })
    await fill(store, 'abc')
    await store.getMany(['a'])
    await fill(store, 'd')
    expect(await kept(store, 'abcd')).toBe('acd')
  })

  test('counts the keys of one read as used in their order', async () => {
    const store = memory({ maxEntries: 3 })
    await fill(store, 'abc')
    await store.getMany(['c', 'a', 'b'])
    await fill(store, 'de')
    expect(await kept(store, 'abcde')).toBe('bde')
  })

  test('counts a second set as a use, and not as a second entry', async () => {
    const store = memory({ maxEntries: 3 })
    await fill(store, 'abca')
    expect(await kept(store, 'abc')).toBe('abc')
    await fill(store, 'ad')
    expect(await kept(store, 'abcd')).toBe('acd')
  })

  test('counts what a script and what `expireIf` touch as used', async () => {
    const store = memory({ maxEntries: 3 })
    await fill(store, 'abc')
    await store.expireIf('a', 'A', 60_000)
    await store.run({ name: 'read', lua: '', step: (view, [key]) => view.get(key as string) }, ['b'], [])
    await fill(store, 'de')
    expect(await kept(store, 'abcde')).toBe('bde')
  })

  test('makes room for a new entry after a delete', async () => {
    const store = memory({ maxEntries: 3 })
    await fill(store, 'abc')
    await store.delete(['b'])
    await fill(store, 'd')
    expect(await kept(store, 'abcd')).toBe('acd')
  })

  test('keeps the newest alone when there is room for one', async () => {
    const store = memory({ maxEntries: 1 })
    await fill(store, 'abc')
    expect(await kept(store, 'abc')).toBe('c')
  })

  test('keeps exactly the most recently used, for any sequence of calls', async () => {
    const call = fc.record({
      act: fc.constantFrom('get' as const, 'set' as const, 'delete' as const),
      key: fc.constantFrom(...'abcdefgh'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 60 }), fc.integer({ min: 1, max: 6 }), async (calls, maxEntries) => {
        const store = memory({ maxEntries })
        // Oldest first.
        let model: string[] = []
        for (const { act, key } of calls) {
          const isThere = model.includes(key)
          if (act === 'get') expect(await store.getMany([key])).toEqual([isThere ? key : null])
          if (act === 'set') await store.set(key, key)
          if (act === 'delete') expect(await store.delete([key])).toBe(isThere ? 1 : 0)
          model = model.filter((other) => other !== key)
          if (act === 'set' || (act === 'get' && isThere)) model.push(key)
          model = model.slice(-maxEntries)
        }
        expect(await kept(store, 'abcdefgh')).toBe([...model].sort().join(''))
      }),
    )
  })
})

describe('maxBytes', () => {
  const sizeOf = (_key: string, value: string) => value.length

  test('drops what was not used for longest until the rest fits', async () => {
    const store = memory({ maxBytes: 10, sizeOf })
    await store.set('a', '4444')
    await store.set('b', '4444')
    await store.set('c', '22')
    expect(await kept(store, 'abc')).toBe('abc')
    await store.set('d', '55555')
    expect(await kept(store, 'abcd')).toBe('cd')
  })

  test('does not keep an entry that is larger than all there is room for', async () => {
    const store = memory({ maxBytes: 10, sizeOf })
    expect(await store.set('a', 'x'.repeat(11))).toBe(true)
    expect(await store.getMany(['a'])).toEqual([null])
    await store.set('b', 'x'.repeat(10))
    expect(await kept(store, 'ab')).toBe('b')
  })

  test('leaves no old value in the place of one that is too large', async () => {
    const store = memory({ maxBytes: 10, sizeOf })
    await store.set('a', 'old')
    await store.set('a', 'x'.repeat(11))
    expect(await store.getMany(['a'])).toEqual([null])
  })

  test('counts the new size of a value that was replaced, and nothing for one that is gone', async () => {
    const store = memory({ maxBytes: 10, sizeOf })
    await store.set('a', 'x'.repeat(9))
    await store.set('a', '1')
    await store.set('b', 'x'.repeat(9))
    expect(await kept(store, 'ab')).toBe('ab')
    await store.delete(['b'])
    await store.set('c', 'x'.repeat(9))
    expect(await kept(store, 'abc')).toBe('ac')
  })

  test('counts two bytes a character of key and value and 120 more, unless told otherwise', async () => {
    const bytes = 2 * ('key'.length + 'value'.length) + 120
    const exact = memory({ maxBytes: bytes })
    await exact.set('key', 'value')
    expect(await exact.getMany(['key'])).toEqual(['value'])
    const short = memory({ maxBytes: bytes - 1 })
    await short.set('key', 'value')
    expect(await short.getMany(['key'])).toEqual([null])
  })

  test('asks `sizeOf` with key and value', async () => {
    const asked: string[][] = []
    const store = memory({ sizeOf: (key, value) => asked.push([key, value]) })
    await store.set('a', 'A')
    expect(asked).toEqual([['a', 'A']])
  })
})

describe('options', () => {
  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d as maxEntries', (maxEntries) => {
    expect(() => memory({ maxEntries })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: 'maxEntries' }),
    )
  })

  test.each([0, -1, Number.NaN])('refuses %d as maxBytes', (maxBytes) => {
    expect(() => memory({ maxBytes })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: 'maxBytes' }),
    )
  })

  test('takes 10,000 entries unless told otherwise', async () => {
    const store = memory()
    for (let i = 0; i <= 10_000; i++) await store.set(`${i}`, '')
    expect(await store.getMany(['0', '1', '10000'])).toEqual([null, '', ''])
  })
})
