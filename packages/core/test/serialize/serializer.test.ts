import fc from 'fast-check'
import superjson from 'superjson'
import { describe, expect, test } from 'vitest'
import { defaultSerializer } from '../../src/index.js'
import { isPlainJson } from '../../src/serialize/plain.js'

const roundTrip = async (value: unknown) => defaultSerializer.deserialize(await defaultSerializer.serialize(value))

test('gives back exactly what went in, or refuses it', async () => {
  const value = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withNullPrototype: false,
  })
  await fc.assert(
    fc.asyncProperty(value, async (sample) => {
      let text: string
      try {
        text = await defaultSerializer.serialize(sample)
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_UNCACHEABLE_VALUE' })
        return
      }
      expect(await defaultSerializer.deserialize(text)).toStrictEqual(sample)
    }),
    { numRuns: 5_000 },
  )
})

test('what is plain JSON comes back from JSON exactly', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: false, withSparseArray: true, withDate: true }), (sample) => {
      if (isPlainJson(sample)) expect(JSON.parse(JSON.stringify(sample))).toStrictEqual(sample)
    }),
    { numRuns: 5_000 },
  )
})

test('writes plain values as plain JSON', () => {
  expect(defaultSerializer.serialize({ a: [1, 'x', null, true] })).toBe('j{"a":[1,"x",null,true]}')
})

test.each([
  ['a Date', new Date(5)],
  ['nested Maps and Sets', { rows: new Map([['a', new Set([1n, new Date(1)])]]) }],
  ['undefined', undefined],
  ['a property that is undefined', { a: undefined }],
  ['null', null],
  ['NaN, infinities and -0', [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0]],
  ['a RegExp and a URL', [/a+/gi, new URL('http://a.test/?b')]],
  ['bytes', new Uint8Array([0, 255])],
  ['an own __proto__', JSON.parse('{"__proto__":{"a":1}}')],
])('keeps %s', async (_, value) => {
  expect(await roundTrip(value)).toStrictEqual(value)
})

test('keeps cycles', async () => {
  const node: { name: string; self?: unknown } = { name: 'a' }
  node.self = node
  const back = (await roundTrip(node)) as typeof node
  expect(back.self).toBe(back)
})

test('keeps instances of classes that superjson was told of', async () => {
  class Money {
    constructor(readonly cents = 0) {}
  }
  superjson.registerClass(Money)
  const back = await roundTrip({ price: new Money(5) })
  expect(back).toStrictEqual({ price: new Money(5) })
})

class Unknown {}
describe('refuses, and says where', () => {
  test.each([
    ['a function', { a: () => 1 }, '$.a'],
    ['a symbol', [Symbol('s')], '$.0'],
    ['a Response', { a: { b: new Response('') } }, '$.a.b'],
    ['a stream', new ReadableStream(), '$'],
    ['an instance of an unknown class', [new Unknown()], '$.0'],
    ['a list of a class of its own', new (class Rows extends Array {})(), '$'],
    ['a Map of a class of its own', { a: new (class Tenants extends Map {})() }, '$.a'],
    ['a Date with a property of its own', Object.assign(new Date(0), { x: 1 }), '$'],
    ['an error with a class of its own', new TypeError('no'), '$'],
    ['a hole', new Array(2), '$'],
    ['symbol keys', { [Symbol('s')]: 1 }, '$'],
    ['an invalid Date', new Date(Number.NaN), '$'],
  ])('%s', async (_, value, path) => {
    await expect((async () => defaultSerializer.serialize(value))()).rejects.toMatchObject({
      code: 'ERR_UNCACHEABLE_VALUE',
      path,
    })
  })
})
