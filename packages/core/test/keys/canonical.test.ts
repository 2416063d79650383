import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonical } from '../../src/keys/canonical.js'

const holes = (length: number, at: Record<number, unknown> = {}) => Object.assign(new Array(length), at)

describe('argument lists that differ never share a key', () => {
  const lists: Record<string, unknown[]> = {
    'no arguments': [],
    'one undefined': [undefined],
    null: [null],
    1: [1],
    '"1"': ['1'],
    '"n1"': ['n1'],
    '1n': [1n],
    '"1n"': ['1n'],
    true: [true],
    '"true"': ['true'],
    '(1,2)': [1, 2],
    '(1,2,3)': [1, 2, 3],
    '([1,2])': [[1, 2]],
    '("1,2")': ['1,2'],
    '("1","2")': ['1', '2'],
    '("a:b")': ['a:b'],
    '("a\\",\\"b")': ['a","b'],
    0: [0],
    '-0': [-0],
    NaN: [Number.NaN],
    '"NaN"': ['NaN'],
    Infinity: [Number.POSITIVE_INFINITY],
    '-Infinity': [Number.NEGATIVE_INFINITY],
    Date: [new Date(0)],
    'its ISO string': [new Date(0).toISOString()],
    'its number': [0.5],
    'an invalid Date': [new Date(Number.NaN)],
    '[]': [[]],
    '[undefined]': [[undefined]],
    '[hole]': [holes(1)],
    '[hole, hole]': [holes(2)],
    '[hole, 1]': [holes(2, { 1: 1 })],
    '[1, hole]': [holes(2, { 0: 1 })],
    '[null]': [[null]],
    '[undefined, 1]': [[undefined, 1]],
    '{}': [{}],
    '{ a: undefined }': [{ a: undefined }],
    '{ a: null }': [{ a: null }],
    '{ a: 1 }': [{ a: 1 }],
    '{ a: "1" }': [{ a: '1' }],
    '{ "a:1": 1 }': [{ 'a:1': 1 }],
    'a Map': [new Map([['a', 1]])],
    'a Map of Maps': [new Map([['a', new Map()]])],
    'an empty Map': [new Map()],
    'an empty Set': [new Set()],
    'a Set': [new Set(['a', 1])],
    'a Set of lists': [new Set([[1], [2]])],
    'a Set of one list': [new Set([[1, 2]])],
    'a RegExp': [/a/g],
    'the same RegExp with other flags': [/a/],
    'a URL': [new URL('http://a.test/')],
    'its text': ['http://a.test/'],
    bytes: [new Uint8Array([1, 2])],
    'the same bytes as 16 bits': [new Uint16Array([513])],
    'the bytes in a buffer': [new Uint8Array([1, 2]).buffer],
    'a list of the same numbers': [[1, 2, 0]],
    'a lone surrogate': ['\ud800'],
    'another lone surrogate': ['\ud801'],
    'its escape': ['\\ud800'],
    'the replacement character': ['\ufffd'],
  }
  const names = Object.keys(lists)
  test.each(names)('%s', (name) => {
    const key = canonical(lists[name] as unknown[])
    for (const other of names) if (other !== name) expect(canonical(lists[other] as unknown[]), other).not.toBe(key)
  })
})

describe('argument lists that are equal share a key', () => {
  test.each([
    ['whatever the order of keys', [{ a: 1, b: { c: 2, d: 3 } }], [{ b: { d: 3, c: 2 }, a: 1 }]],
    [
      'whatever the order of Map entries',
      [
        new Map<unknown, unknown>([
          ['a', 1],
          ['b', { x: 1, y: 2 }],
        ]),
      ],
      [
        new Map<unknown, unknown>([
          ['b', { y: 2, x: 1 }],
          ['a', 1],
        ]),
      ],
    ],
    ['whatever the order of Set members', [new Set([1, '1', 'b'])], [new Set(['b', '1', 1])]],
    ['for Dates of one instant', [new Date(5)], [new Date(5)]],
    ['for a record without a prototype', [Object.assign(Object.create(null), { a: 1 })], [{ a: 1 }]],
    ['for views of the same bytes', [new Uint8Array([1, 2])], [new Uint8Array([0, 1, 2]).subarray(1)]],
  ])('%s', (_, one, other) => {
    expect(canonical(one)).toBe(canonical(other))
  })
})

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  maxDepth: 4,
})

test('two lists share a key exactly when they are deeply equal', () => {
  // Small values, so that equal pairs come up as well.
  const small = fc.array(
    fc.anything({
      values: [fc.constantFrom(0, -0, 1, '1', 'a', null, undefined, Number.NaN, 1n)],
      key: fc.constantFrom('a', 'b'),
      maxDepth: 2,
      maxKeys: 2,
      withMap: true,
      withSet: true,
      withSparseArray: true,
      withDate: false,
    }),
    { maxLength: 2 },
  )
  fc.assert(
    fc.property(small, small, (one, other) => {
      expect(canonical(one) === canonical(other)).toBe(isDeepStrictEqual(one, other))
    }),
    { numRuns: 20_000 },
  )
})

test('a clone of a list has its key', () => {
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 3 }), (list) => {
      expect(canonical(structuredClone(list))).toBe(canonical(list))
    }),
    { numRuns: 3_000 },
  )
})

class Opaque {}
const cycle: { self?: unknown } = {}
cycle.self = cycle

test.each([
  ['a function', () => 1],
  ['a class', Opaque],
  ['an instance of a class', new Opaque()],
  ['a symbol', Symbol('s')],
  ['an object with symbol keys', { [Symbol('s')]: 1 }],
  ['a Request', new Request('http://a.test/')],
  ['a stream', new ReadableStream()],
  ['a Promise', Promise.resolve(1)],
  ['an error', new Error('no')],
  ['a cycle', cycle],
  ['a list with a property of its own', Object.assign([1], { tenant: 'a' })],
  ['a list of a class of its own', new (class Rows extends Array {})()],
  ['a Map of a class of its own', new (class Tenants extends Map {})()],
  ['a Date with a property of its own', Object.assign(new Date(0), { tenant: 'a' })],
  ['any of these, nested', { a: [new Map([['b', new Opaque()]])] }],
])('%s has no key', (_, value) => {
  expect(() => canonical([value])).toThrow(expect.objectContaining({ code: 'ERR_UNCACHEABLE_ARGUMENT', option: 'key' }))
})
