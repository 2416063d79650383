// The function forms keep the type of the function, and handles are typed by it.
import { Cached, type CacheHandle, cached, cacheOf, rateLimited, withLock } from '@larder/core'
import { expectType, type Same } from './expect-type.js'

interface Product {
  id: string
}

class Catalog {
  @Cached('5m', 'product')
  async product(id: string, _page?: number): Promise<Product> {
    return { id }
  }
  @Cached('5m', 'count')
  static async count(shop: string): Promise<number> {
    return shop.length
  }
  name(): string {
    return 'catalog'
  }
}

export async function handles(catalog: Catalog): Promise<void> {
  const handle = cacheOf(catalog, 'product')
  expectType<Same<typeof handle, CacheHandle<Catalog['product']>>>()
  await handle.evict('p1')
  await handle.evict('p1', 2)
  const peeked = await handle.peek('p1')
  expectType<Same<typeof peeked, Product | undefined>>()
  const refreshed = await handle.refresh('p1')
  expectType<Same<typeof refreshed, Product>>()
  const counted = await cacheOf(Catalog, 'count').peek('north')
  expectType<Same<typeof counted, number | undefined>>()
  // @ts-expect-error: the method takes a string.
  await handle.evict(1)
  // @ts-expect-error: the method takes an argument.
  handle.keyOf()
  // @ts-expect-error: there is no such method.
  cacheOf(catalog, 'products')
  // @ts-expect-error: a method that returns no Promise is never cached.
  cacheOf(catalog, 'name').evict()
}

export async function functions(): Promise<void> {
  const product = cached('5m', 'product', async (id: string): Promise<Product> => ({ id }))
  const found = await product('p1')
  expectType<Same<typeof found, Product>>()
  await product.evict('p1')
  // @ts-expect-error: the function takes a string.
  await product(1)
  // @ts-expect-error: the function takes a string.
  await product.peek(1)

  const generic = cached({ ttl: 60, prefix: 'generic' }, async <Id extends string>(id: Id): Promise<Id> => id)
  const one = await generic('p1' as const)
  expectType<Same<typeof one, 'p1'>>()

  // The parameters of callbacks need no types: they come from the function.
  const search = async (word: string, page: number): Promise<Product[]> => [{ id: `${word}${page}` }]
  cached(
    { ttl: 60, prefix: 'a', key: (word, page) => [word.trim(), page.toFixed()], unless: (all) => !all.length },
    search,
  )
  const limited = rateLimited({ prefix: 'a', limit: 1, per: 1, by: (word) => word.trim() }, search)
  expectType<Same<typeof limited, typeof search>>()

  // @ts-expect-error: the function takes a string.
  cached({ ttl: 60, prefix: 'a', key: (word: number) => word }, search)
  // @ts-expect-error: the function gives a list.
  cached({ ttl: 60, prefix: 'a', unless: (all: Product) => all.id === '' }, search)
  // @ts-expect-error: the function takes a string.
  rateLimited({ prefix: 'a', limit: 1, per: 1, by: (word: number) => word }, search)
  // @ts-expect-error: the function returns no Promise.
  cached('5m', 'sync', (id: string) => id)
  // @ts-expect-error: the function returns no Promise.
  rateLimited({ prefix: 'a', limit: 1, per: 1 }, (id: string) => id)
  // @ts-expect-error: a function has no class to make a prefix of.
  cached('5m', async (id: string) => id)
}

export async function locks(): Promise<void> {
  const result = await withLock('a', async ({ signal, fence }) => (signal.aborted ? null : fence), { ttl: '1m' })
  expectType<Same<typeof result, number | null>>()
  // @ts-expect-error: what runs under a lock returns a Promise.
  await withLock('a', () => 1)

  const decorator = withLock('a', { ttl: '1m' })
  class Billing {
    @decorator
    async settle(_orderId: string): Promise<void> {}
    @withLock('a')
    async close(): Promise<void> {}
    @withLock((orderId: string) => orderId, { wait: 0 })
    async open(_orderId: string, _reason: string): Promise<void> {}
  }
  expectType<Same<Billing['settle'], (orderId: string) => Promise<void>>>()
}
