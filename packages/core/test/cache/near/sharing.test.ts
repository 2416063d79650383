import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Serializer } from '../../../src/index.js'
import { startProcesses, warm } from '../../support/near.js'

/** What a function may give that comes back as it was. */
const values = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.string(),
    fc.double({ noNaN: false }),
    fc.bigInt(),
    fc.constantFrom(null, undefined, true, -0, Number.NaN),
    fc.date({ noInvalidDate: true }),
    fc.constantFrom(/a+/gi, new URL('https://example.com/?a=1')),
    fc.uint8Array({ maxLength: 4 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 3 }), tie('value'), { maxKeys: 3, noNullPrototype: true }),
    fc.array(fc.tuple(fc.string({ maxLength: 3 }), tie('value')), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    fc.uniqueArray(fc.string({ maxLength: 3 }), { maxLength: 3 }).map((items) => new Set(items)),
  ),
})).value

describe.each(['copy', 'reference'] as const)('share: %s', (share) => {
  test('a miss, a hit in the store and all hits in the near tier have the same types', async () => {
    const { start } = startProcesses()
    const [one, two] = [start(), start()]
    let current: unknown
    const options = { ttl: '5m', prefix: 'echo', local: { share } } as const
    const find = one.cached(options, async (_run: number) => current)
    const findInTwo = two.cached(options, async (_run: number) => current)
    await warm(one, () => find(-1))
    await warm(two, () => findInTwo(-1))
    let run = 0
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        current = value
        run++
        const miss = await find(run)
        const inStore = await findInTwo(run)
        expect(inStore).toStrictEqual(miss)
        for (let i = 0; i < 3; i++) {
          expect(await find(run)).toStrictEqual(miss)
          expect(await findInTwo(run)).toStrictEqual(miss)
        }
      }),
      { numRuns: 300 },
    )
    expect(one.cache.stats().nearHits).toBeGreaterThanOrEqual(900)
  })
})

describe('share: copy', () => {
  test('no caller can change what the next one gets', async () => {
    const one = startProcesses().start()
    const result = () => ({ list: [{ a: 1 }], at: new Date(5), map: new Map([['k', { b: 2 }]]), set: new Set([1]) })
    const find = one.cached({ ttl: '5m', prefix: 'find', local: true }, async (_id: string) => result())
    const spoil = (value: ReturnType<typeof result>) => {
      value.list.push({ a: 2 })
      value.at.setTime(0)
      value.map.clear()
      value.set.add(2)
    }
    await warm(one, () => find('other'))
    for (let i = 0; i < 5; i++) {
      const value = await find('a')
      expect(value).toStrictEqual(result())
      spoil(value)
    }
  })

  test('what cannot be copied exactly is read again: instances of classes, two ways to one object', async () => {
    class Money {
      #cents: number
      constructor(cents: number) {
        this.#cents = cents
      }
      get cents() {
        return this.#cents
      }
    }
    const serializer: Serializer = {
      serialize: (value) => String((value as Money).cents),
      deserialize: (text) => new Money(Number(text)),
    }
    const one = startProcesses().start()
    const price = one.cached({ ttl: '5m', prefix: 'price', local: true, serializer }, async () => new Money(7))
    await warm(one, price)
    const [first, second] = [await price(), await price()]
    expect(first).toBeInstanceOf(Money)
    expect([first.cents, second.cents]).toEqual([7, 7])
    expect(first).not.toBe(second)

    const shared = { a: 1 }
    const pair = one.cached({ ttl: '5m', prefix: 'pair', local: true }, async () => ({
      left: shared,
      right: shared,
      at: new Date(0),
    }))
    await pair()
    for (let i = 0; i < 2; i++) {
      const { left, right } = await pair()
      expect(left).toBe(right)
      left.a++
    }
    expect((await pair()).left.a).toBe(1)
  })

  test('text that the serializer cannot read any more is a miss', async () => {
    let broken = false
    const one = startProcesses().start()
    for (const isLate of [false, true]) {
      const serializer: Serializer = {
        serialize: String,
        deserialize(text) {
          const read = () => {
            if (broken) throw new Error('unreadable')
            return { text }
          }
          return isLate ? Promise.resolve().then(read) : read()
        },
      }
      broken = false
      let loads = 0
      const options = { ttl: '5m', prefix: `find ${isLate}`, local: true, serializer } as const
      const find = one.cached(options, async (_id: string) => ++loads as unknown)
      await warm(one, () => find('a'))
      await find('b')
      broken = true
      expect(await find('b')).toBe(3)
    }
  })
})

describe('share: reference', () => {
  test('all callers get the same object, frozen all the way down', async () => {
    const one = startProcesses().start()
    const options = { ttl: '5m', prefix: 'find', local: { share: 'reference' } } as const
    const find = one.cached(options, async (_id: string) => ({ list: [{ a: 1 }] }))
    await warm(one, () => find('a'))
    const [first, second] = [await find('a'), await find('a')]
    expect(second).toBe(first)
    expect(() => first.list.push({ a: 2 })).toThrow(TypeError)
    expect(() => {
      ;(first.list[0] as { a: number }).a = 2
    }).toThrow(TypeError)
  })

  test('the caller whose call ran the function may do with the result what it likes', async () => {
    const one = startProcesses().start()
    const options = { ttl: '5m', prefix: 'find', local: { share: 'reference' } } as const
    const find = one.cached(options, async (_id: string) => ({ list: [1] }))
    await warm(one, () => find('other'))
    ;(await find('a')).list.push(2)
    expect(await find('a')).toEqual({ list: [1] })
  })
})
