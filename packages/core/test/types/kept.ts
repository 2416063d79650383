// Decorating leaves the type of a method as it is.
import { Cached, CacheEvict, CachePut, RateLimited, withLock } from '@larder/core'
import { expectType, type Same } from './expect-type.js'

interface Product {
  id: string
}

export class Catalog {
  @Cached('5m', 'plain')
  async plain(id: string): Promise<Product> {
    return { id }
  }

  @Cached('5m')
  async generic<Id extends string | number>(id: Id): Promise<Id> {
    return id
  }

  @Cached(300, 'nested-generic')
  async nestedGeneric<Row extends object, Key extends keyof Row>(row: Row, key: Key): Promise<Row[Key]> {
    return row[key]
  }

  overloaded(id: string): Promise<Product>
  overloaded(ids: readonly string[]): Promise<Product[]>
  @Cached({ ttl: '5m', prefix: 'overloaded' })
  async overloaded(ids: string | readonly string[]): Promise<Product | Product[]> {
    return typeof ids === 'string' ? { id: ids } : ids.map((id) => ({ id }))
  }

  @Cached('5m', 'with-this')
  async withThis(this: Catalog, id: string): Promise<Product> {
    return this.plain(id)
  }

  @RateLimited({ limit: 10, per: '1s' })
  async rest(first: string, ...others: readonly number[]): Promise<number> {
    return first.length + others.length
  }

  @withLock('optional', { ttl: '30s' })
  async optional(word: string, page?: number, size = 10): Promise<string> {
    return word.slice(page, size)
  }

  @CacheEvict({ tags: ['products'] })
  async destructured({ id }: Product, [first]: [string]): Promise<void> {
    await this.plain(id + first)
  }

  @CachePut({ ttl: '1m', prefix: 'plain' })
  protected async hidden(): Promise<null> {
    return null
  }

  // Not `async`, but it returns a Promise.
  @Cached('5m', 'promising')
  promising(id: string): Promise<Product> {
    return this.plain(id)
  }

  @Cached('5m', 'unannotated')
  async unannotated(id: string) {
    return [id]
  }

  @Cached('5m', 'self')
  async self(): Promise<this> {
    return this
  }

  @Cached('5m', 'either')
  either(id: string): Promise<string> | Promise<number> {
    return id ? Promise.resolve(id) : Promise.resolve(1)
  }

  @Cached('5m', 'never')
  async never(): Promise<never> {
    throw new Error('none')
  }

  @Cached('5m', 'static')
  static async count(): Promise<number> {
    return 1
  }

  @RateLimited({ limit: 10, per: '1s', by: (id: string) => id })
  @withLock((id: string) => id)
  @CacheEvict({ tags: (id: string) => [id] })
  @Cached({ ttl: '5m', key: (id: string) => id })
  async stacked(id: string): Promise<Product> {
    return { id }
  }
}

type Of<Name extends keyof Catalog> = Catalog[Name]
expectType<Same<Of<'plain'>, (id: string) => Promise<Product>>>()
expectType<Same<Of<'generic'>, <Id extends string | number>(id: Id) => Promise<Id>>>()
expectType<Same<Of<'withThis'>, (this: Catalog, id: string) => Promise<Product>>>()
expectType<Same<Of<'rest'>, (first: string, ...others: readonly number[]) => Promise<number>>>()
expectType<Same<Of<'optional'>, (word: string, page?: number, size?: number) => Promise<string>>>()
expectType<Same<Of<'destructured'>, (product: Product, list: [string]) => Promise<void>>>()
expectType<Same<Of<'unannotated'>, (id: string) => Promise<string[]>>>()
expectType<Same<Of<'stacked'>, (id: string) => Promise<Product>>>()
expectType<Same<typeof Catalog.count, () => Promise<number>>>()

export async function call(catalog: Catalog): Promise<void> {
  const seven = await catalog.generic(7 as const)
  expectType<Same<typeof seven, 7>>()
  const name = await catalog.nestedGeneric({ name: 'jam', price: 3 }, 'name')
  expectType<Same<typeof name, string>>()
  const one = await catalog.overloaded('p1')
  const many = await catalog.overloaded(['p1'])
  expectType<Same<typeof one, Product>>()
  expectType<Same<typeof many, Product[]>>()
}
