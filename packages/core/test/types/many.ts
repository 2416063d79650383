// Functions and methods of many ids: each callback takes one id, and the handle is typed by the function.
import { CachedMany, type CacheManyHandle, cachedMany, cacheManyOf } from '@larder/core'
import { expectType, type Same } from './expect-type.js'

interface Product {
  id: string
  stock: number
}

export class Fitting {
  @CachedMany({ ttl: '5m', prefix: 'a' })
  async plain(ids: string[]): Promise<Map<string, Product>> {
    return new Map(ids.map((id) => [id, { id, stock: 1 }]))
  }

  @CachedMany({ ttl: '5m', prefix: 'b', key: (id: string) => id, tags: (id: string) => [id], nullTtl: '5s' })
  async readonly(ids: readonly string[]): Promise<Map<string, Product>> {
    return this.plain([...ids])
  }

  @CachedMany({
    ttl: (product: Product) => (product.stock ? '1h' : '1m'),
    prefix: 'c',
    unless: (product: Product) => !product.id,
    key: (id: number, shop: string) => [id, shop],
  })
  async further(ids: number[], shop: string, _page?: number): Promise<Map<number, Product>> {
    return new Map(ids.map((id) => [id, { id: shop, stock: 1 }]))
  }

  @CachedMany({
    ttl: '5m',
    prefix: 'd',
    scope(this: Fitting, _id: bigint) {
      return this.tenant
    },
  })
  async scoped(ids: bigint[]): Promise<Map<bigint, string | null>> {
    return new Map(ids.map((id) => [id, null]))
  }
  tenant = 'north'

  @CachedMany({ ttl: '5m', prefix: 'e' })
  static async both(ids: (string | number)[]): Promise<Map<string | number, Product>> {
    return new Map(ids.map((id) => [id, { id: `${id}`, stock: 1 }]))
  }
}

export class NotFitting {
  // @ts-expect-error: one id is no list.
  @CachedMany({ ttl: '5m', prefix: 'a' })
  async one(id: string): Promise<Map<string, Product>> {
    return new Map([[id, { id, stock: 1 }]])
  }

  // @ts-expect-error: a list is no Map.
  @CachedMany({ ttl: '5m', prefix: 'b' })
  async list(ids: string[]): Promise<Product[]> {
    return ids.map((id) => ({ id, stock: 1 }))
  }

  // @ts-expect-error: the ids are strings.
  @CachedMany({ ttl: '5m', prefix: 'c', key: (id: number) => id })
  async key(ids: string[]): Promise<Map<string, Product>> {
    return new Map(ids.map((id) => [id, { id, stock: 1 }]))
  }

  // @ts-expect-error: the values are strings.
  @CachedMany({ ttl: '5m', prefix: 'd', unless: (product: Product) => !product.stock })
  async unless(ids: string[]): Promise<Map<string, string>> {
    return new Map(ids.map((id) => [id, id]))
  }

  // @ts-expect-error: a Map compares such ids by identity.
  @CachedMany({ ttl: '5m', prefix: 'e' })
  async objects(ids: { id: string }[]): Promise<Map<{ id: string }, string>> {
    return new Map(ids.map((id) => [id, id.id]))
  }

  // @ts-expect-error: it is about many keys, and has no windows for stale values.
  @CachedMany({ ttl: '5m', prefix: 'f', staleWhileRevalidate: '1m' })
  async stale(ids: string[]): Promise<Map<string, string>> {
    return new Map(ids.map((id) => [id, id]))
  }

  // @ts-expect-error: it returns no Promise.
  @CachedMany({ ttl: '5m', prefix: 'g' })
  sync(ids: string[]): Map<string, string> {
    return new Map(ids.map((id) => [id, id]))
  }
}

export async function handles(catalog: Fitting): Promise<void> {
  const handle = cacheManyOf(catalog, 'further')
  expectType<Same<typeof handle, CacheManyHandle<Fitting['further']>>>()
  await handle.evict([1, 2], 'north')
  const peeked = await handle.peek([1], 'north', 2)
  expectType<Same<typeof peeked, Map<number, Product>>>()
  handle.keyOf(1, 'north')
  // @ts-expect-error: the ids are numbers.
  await handle.evict(['1'], 'north')
  // @ts-expect-error: the shop is missing.
  await handle.refresh([1])
  // @ts-expect-error: one id.
  handle.keyOf([1], 'north')
}

export async function functions(): Promise<void> {
  const find = async (ids: string[], shop: string): Promise<Map<string, Product>> =>
    new Map(ids.map((id) => [id, { id: id + shop, stock: 1 }]))
  // The parameters of callbacks need no types: they come from the function.
  const products = cachedMany(
    {
      ttl: (product) => (product.stock ? '1h' : '1m'),
      prefix: 'a',
      key: (id, shop) => [id.trim(), shop.trim()],
      unless: (product) => product.stock < 0,
    },
    find,
  )
  const found = await products(['p1'], 'north')
  expectType<Same<typeof found, Map<string, Product>>>()
  await products.evict(['p1'], 'north')
  // @ts-expect-error: the ids are strings.
  await products([1], 'north')
  // @ts-expect-error: the function takes strings.
  cachedMany({ ttl: 60, prefix: 'a', key: (id: number) => id }, find)
  // @ts-expect-error: the function gives no Map.
  cachedMany({ ttl: 60, prefix: 'a' }, async (ids: string[]) => ids)
  // @ts-expect-error: the function takes no list.
  cachedMany({ ttl: 60, prefix: 'a' }, async (id: string) => new Map([[id, id]]))
}
