import { createHash, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLarder } from '../../src/index.js'
import { canonical } from '../../src/keys/canonical.js'
import { entryKey, taggedKey, toNamespace } from '../../src/keys/layout.js'
import { sha256 } from '../../src/keys/sha256.js'

test('sha256 agrees with Node', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      expect(sha256(text)).toBe(createHash('sha256').update(text).digest('hex').slice(0, 40))
    }),
    { numRuns: 500 },
  )
  for (const length of [55, 56, 63, 64, 65, 119, 120, 1_000_000]) {
    const text = 'a'.repeat(length)
    expect(sha256(text)).toBe(createHash('sha256').update(text).digest('hex').slice(0, 40))
  }
})

test('250,000 random ids have 250,000 keys', () => {
  const { cached } = createLarder()
  const find = cached('1m', 'find', async (id: string) => id)
  const keys = new Set<string>()
  for (let i = 0; i < 250_000; i++) keys.add(find.keyOf(randomUUID()))
  expect(keys.size).toBe(250_000)
})

test('long arguments are replaced by a hash of them, short ones can be read', () => {
  const { cached } = createLarder({ namespace: 'shop' })
  const find = cached('1m', 'find', async (text: string) => text)
  expect(find.keyOf('p1')).toBe('shop:find:"p1"')
  expect(find.keyOf('x'.repeat(5_000))).toMatch(/^shop:find:#[0-9a-f]{40}$/)
  expect(find.keyOf(`${'x'.repeat(5_000)}y`)).not.toBe(find.keyOf(`${'x'.repeat(5_000)}z`))
})

test('namespace, prefix and arguments cannot be shifted into each other', () => {
  const word = fc.string({ unit: fc.constantFrom('a', ':', '%', '"', '{', '}', ';', ','), minLength: 1, maxLength: 5 })
  const triple = fc.tuple(word, word, fc.array(word, { maxLength: 2 }))
  const keyOf = ([namespace, prefix, args]: [string, string, string[]]) =>
    entryKey(toNamespace(namespace), prefix, canonical(args))
  fc.assert(
    fc.property(triple, triple, (one, other) => {
      expect(keyOf(one) === keyOf(other)).toBe(JSON.stringify(one) === JSON.stringify(other))
    }),
    { numRuns: 20_000 },
  )
})

test('counters and locks of different names never share a key, and the name alone is the hash tag', () => {
  const word = fc.string({ unit: fc.constantFrom('a', '{', '}', '%', ':'), minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(word, word, word, word, (prefix, key, otherPrefix, otherKey) => {
      const one = taggedKey('n', '$limit', key, `${prefix}:`)
      const other = taggedKey('n', '$limit', otherKey, `${otherPrefix}:`)
      expect(one === other).toBe(prefix === otherPrefix && key === otherKey)
    }),
    { numRuns: 20_000 },
  )
  expect(taggedKey('n', '$lock', 'order:{1}')).toMatch(/^n:\$lock:\{[^{}]+\}$/)
})

describe('what keeps two calls apart', () => {
  const larder = createLarder()
  const load = async (...args: unknown[]) => args

  test('the method', () => {
    const one = larder.cached('1m', 'Users.find', load)
    const other = larder.cached('1m', 'Orders.find', load)
    expect(one.keyOf(1)).not.toBe(other.keyOf(1))
  })
  test('the scope', async () => {
    let tenant: string | undefined = 'acme'
    let runs = 0
    const find = larder.cached(
      { ttl: '1m', prefix: 'scoped', scope: () => tenant },
      async (id: string) => `${tenant}:${id}:${++runs}`,
    )
    expect(await find('a')).toBe('acme:a:1')
    expect(await find('a')).toBe('acme:a:1')
    tenant = 'umbrella'
    expect(await find('a')).toBe('umbrella:a:2')
    tenant = undefined
    expect(await find('a')).toBe('undefined:a:3')
    expect(await find('a')).toBe('undefined:a:4')
    tenant = 'acme'
    expect(await find('a')).toBe('acme:a:1')
  })
  test('a scope is not an argument, and a version is neither', () => {
    const keys = [
      larder.cached({ ttl: 1, prefix: 'k1', scope: (a: unknown) => a }, load).keyOf('x'),
      larder.cached({ ttl: 1, prefix: 'k2', version: 'x' }, load).keyOf('x'),
      larder.cached({ ttl: 1, prefix: 'k3' }, load).keyOf('x', 'x'),
      larder.cached({ ttl: 1, prefix: 'k4', version: 'x', scope: () => 'x' }, load).keyOf('x'),
    ].map((key) => key.replace(/k\d/, 'k'))
    expect(new Set(keys).size).toBe(4)
  })
  test('the version', () => {
    const old = larder.cached({ ttl: '1m', prefix: 'v-old', version: 1 }, load)
    const next = larder.cached({ ttl: '1m', prefix: 'v-new', version: 2 }, load)
    expect(old.keyOf('a').replace('v-old', '')).not.toBe(next.keyOf('a').replace('v-new', ''))
  })
})
