import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createLarder, type LarderEvent, memory, type Schema, UncacheableValueError } from '../../src/index.js'

interface Product {
  id: string
  stock: number
}

/** Two deployments of one application, with one store. */
function setUp() {
  const store = memory()
  const events: LarderEvent[] = []
  const deploy = () => createLarder({ adapter: store, onEvent: (event) => events.push(event) })
  const reasons = () => events.flatMap((event) => (event.type === 'miss' ? [event.reason] : []))
  return { before: deploy(), after: deploy(), events, reasons }
}

const schemas: [string, Schema<Product>][] = [
  ['zod', z.object({ id: z.string(), stock: z.number() })],
  ['valibot', v.object({ id: v.string(), stock: v.number() })],
  ['arktype', type({ id: 'string', stock: 'number' })],
  ['an asynchronous one of zod', z.object({ id: z.string(), stock: z.number().refine(async (stock) => stock >= 0) })],
  [
    'an asynchronous one of valibot',
    v.objectAsync({
      id: v.string(),
      stock: v.pipeAsync(
        v.number(),
        v.checkAsync(async (stock) => stock >= 0),
      ),
    }),
  ],
]

describe.each(schemas)('with a schema of %s', (_, schema) => {
  test('a stored value that fits is served', async () => {
    const { before, after } = setUp()
    await before.cached('1h', 'product', async (id: string) => ({ id, stock: 1 }))('p1')
    const load = vi.fn(async (id: string) => ({ id, stock: 2 }))
    const product = after.cached({ ttl: '1h', prefix: 'product', schema }, load)
    expect(await product('p1')).toEqual({ id: 'p1', stock: 1 })
    expect(load).not.toHaveBeenCalled()
  })

  test('one that does not is a miss, and is replaced', async () => {
    const { before, after, reasons } = setUp()
    await before.cached('1h', 'product', async (id: string) => ({ id, stock: 'many' }))('p1')
    const load = vi.fn(async (id: string) => ({ id, stock: 2 }))
    const product = after.cached({ ttl: '1h', prefix: 'product', schema }, load)
    expect(await product('p1')).toEqual({ id: 'p1', stock: 2 })
    expect(await product('p1')).toEqual({ id: 'p1', stock: 2 })
    expect(load).toHaveBeenCalledTimes(1)
    expect(reasons()).toEqual(['absent', 'schema'])
  })

  test('a result that does not fit reaches its callers, is not stored, and is reported once', async () => {
    const { after, events } = setUp()
    const load = vi.fn(async (_id: string) => ({ id: 'p1', stock: 'none' }) as unknown as Product)
    const product = after.cached({ ttl: '1h', prefix: 'product', schema }, load)
    expect(await product('p1')).toMatchObject({ stock: 'none' })
    expect(await product('p1')).toMatchObject({ stock: 'none' })
    expect(load).toHaveBeenCalledTimes(2)
    const reported = events.flatMap((event) => (event.type === 'uncacheable' ? [event.error] : []))
    expect(reported).toHaveLength(1)
    expect(reported[0]).toBeInstanceOf(UncacheableValueError)
    expect(reported[0]?.path).toBe('$.stock')
  })

  test('migrate gives an old value a chance', async () => {
    const { before, after, reasons } = setUp()
    const old = before.cached('1h', 'product', async (id: string) => ({ id, ...(id === 'p1' && { count: 7 }) }))
    await old('p1')
    await old('p2')
    const load = vi.fn(async (id: string) => ({ id, stock: 2 }))
    const migrate = vi.fn(async (stored: { id: string; count?: number }) =>
      stored.count === undefined ? undefined : { id: stored.id, stock: stored.count },
    )
    const product = after.cached({ ttl: '1h', prefix: 'product', schema, migrate }, load)
    expect(await product('p1')).toEqual({ id: 'p1', stock: 7 })
    expect(await product('p2')).toEqual({ id: 'p2', stock: 2 })
    expect(load.mock.calls).toEqual([['p2']])
    expect(await product('p2')).toEqual({ id: 'p2', stock: 2 })
    expect(reasons()).toEqual(['absent', 'absent', 'schema'])
  })
})

test('what migrate gives is held to the schema too, and what it throws is a miss', async () => {
  const { before, after, reasons } = setUp()
  await before.cached('1h', 'product', async (id: string) => id)('p1')
  const wrong = vi.fn(() => ({ stock: 1 }))
  const product = after.cached(
    { ttl: '1h', prefix: 'product', schema: z.object({ id: z.string() }), migrate: wrong },
    async (id: string) => ({ id }),
  )
  expect(await product('p1')).toEqual({ id: 'p1' })
  await before.cached('1h', 'other', async (id: string) => id)('p1')
  const other = after.cached(
    {
      ttl: '1h',
      prefix: 'other',
      schema: z.object({ id: z.string() }),
      migrate() {
        throw new Error('cannot')
      },
    },
    async (id: string) => ({ id }),
  )
  expect(await other('p1')).toEqual({ id: 'p1' })
  expect(reasons()).toEqual(['absent', 'schema', 'absent', 'schema'])
})

test('what the schema makes of a value is served on a miss and on a hit alike', async () => {
  const { after } = setUp()
  const schema = z.object({ id: z.string().trim(), stock: z.number().default(0) })
  const load = vi.fn(async (id: string) => ({ id, internal: true }) as unknown as Product)
  const product = after.cached({ ttl: '1h', prefix: 'product', schema }, load)
  const [miss, hit] = [await product(' p1 '), await product(' p1 ')]
  expect(miss).toEqual({ id: 'p1', stock: 0 })
  expect(hit).toEqual(miss)
  expect(load).toHaveBeenCalledTimes(1)
})

test('a schema that does not take its own output is found out: nothing is stored', async () => {
  const { after, events } = setUp()
  const schema = z.string().transform((text) => text.length) as unknown as Schema<number>
  const length = after.cached({ ttl: '1h', prefix: 'length', schema }, async () => 'text' as unknown as number)
  expect(await length()).toBe(4)
  expect(await length()).toBe(4)
  expect(events.filter(({ type }) => type === 'uncacheable')).toHaveLength(1)
  expect(events.filter(({ type }) => type === 'hit')).toHaveLength(0)
})

test('a schema that throws costs the cache, not the call', async () => {
  const { after, events } = setUp()
  const schema: Schema<string> = {
    '~standard': {
      version: 1,
      vendor: 'broken',
      validate() {
        throw new Error('broken')
      },
    },
  }
  const text = after.cached({ ttl: '1h', prefix: 'text', schema }, async () => 'text')
  expect(await text()).toBe('text')
  expect(await text()).toBe('text')
  expect(events.filter(({ type }) => type === 'uncacheable')).toHaveLength(1)
})

test('refresh, peek and explain heed the schema, and so does @CachePut', async () => {
  const { before, after } = setUp()
  await before.cached('1h', 'product', async (id: string) => ({ id, count: 1 }))('p1')
  const schema = z.object({ id: z.string(), stock: z.number() })
  const product = after.cached(
    { ttl: '1h', prefix: 'product', schema },
    async (id: string) => ({ id, stock: 2, more: 3 }) as Product,
  )
  expect(await product.peek('p1')).toBeUndefined()
  expect(await product.explain('p1')).toMatchObject({ outcome: 'miss', reason: 'schema' })
  expect(await product.refresh('p1')).toEqual({ id: 'p1', stock: 2 })
  expect(await product.peek('p1')).toEqual({ id: 'p1', stock: 2 })

  class Shop {
    @after.CachePut({ ttl: '1h', prefix: 'product', key: ({ id }: Product) => id, schema })
    async save(product: Product): Promise<Product> {
      return { ...product, stock: Number(product.stock) }
    }
  }
  const odd = { id: 'p1', stock: 'x' } as unknown as Product
  expect(await new Shop().save(odd)).toEqual({ id: 'p1', stock: Number.NaN })
  expect(await product.peek('p1')).toBeUndefined()
})

test.each([
  ['a near tier', { local: { ttl: '10s' } }],
  ['a near tier that shares', { local: { ttl: '10s', share: 'reference' } }],
  ['stale windows', { staleWhileRevalidate: '1h', staleIfError: '1h', softTimeout: '1s', hardTimeout: '5s' }],
  ['jitter and early refresh', { jitter: 0.1, earlyRefresh: true }],
  ['a lease', { dedupe: 'everywhere' }],
] as const)('with %s it is heeded too', async (_, options) => {
  const { before, after, reasons } = setUp()
  const stays: object = options
  await before.cached({ ttl: '1h', prefix: 'product', ...stays }, async (id: string) => ({ id }))('p1')
  const schema = z.object({ id: z.string(), stock: z.number().transform((stock) => Math.max(0, stock)) })
  const load = vi.fn(async (id: string) => ({ id, stock: -1, more: true }) as Product)
  const product = after.cached({ ttl: '1h', prefix: 'product', schema, ...stays }, load)
  for (let round = 0; round < 3; round++) expect(await product('p1')).toEqual({ id: 'p1', stock: 0 })
  expect(load).toHaveBeenCalledTimes(1)
  expect(reasons()).toEqual(['absent', 'schema'])
})

test('options that cannot be are refused, and name the way out', async () => {
  const { after } = setUp()
  const load = async (id: string) => ({ id })
  const noSchema = after.cached({ ttl: '1h', prefix: 'a', schema: { parse: () => 1 } as never }, load)
  await expect(noSchema('p1')).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option: 'schema' })
  const onlyMigrate = after.cached({ ttl: '1h', prefix: 'b', migrate: () => undefined }, load)
  await expect(onlyMigrate('p1')).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option: 'migrate' })
})
