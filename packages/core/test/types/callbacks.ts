// Callbacks in options take what the method takes, and what it gives.
import { Cached, CacheEvict, CachePut, RateLimited, withLock } from '@larder/core'

interface Product {
  id: string
  stock: number
}

export class Fitting {
  // Fewer parameters than the method.
  @Cached({ ttl: '5m', prefix: 'a', key: (id: string) => id, tags: (id: string) => [id], scope: () => 'north' })
  async fewer(id: string, _page: number): Promise<Product[]> {
    return [{ id, stock: 1 }]
  }

  // A wider parameter than the method's.
  @Cached({ ttl: '5m', prefix: 'b', key: (id: string | number) => id, when: (id: unknown) => id !== '' })
  async wider(id: string): Promise<string> {
    return id
  }

  // A part of the argument is enough.
  @RateLimited({ limit: 10, per: '1s', by: ({ id }: { id: string }) => id, cost: (product) => product.id.length })
  async part(product: Product): Promise<string> {
    return product.id
  }

  @RateLimited({
    limits: [
      { limit: 10, per: '1s' },
      { limit: async (product: Product) => product.stock, per: '1h', algorithm: 'gcra', burst: 2 },
    ],
    by: (product: Product) => product.id,
    onOutcome: ({ remaining }, product) => void [remaining, product.id],
  })
  async several(product: Product): Promise<string> {
    return product.id
  }

  @RateLimited({ limit: (product: Product) => product.stock, per: '1s', algorithm: 'concurrency' })
  async byPlan(product: Product): Promise<string> {
    return product.id
  }

  @Cached({ ttl: (found: Product) => (found.stock ? '1h' : '1m'), prefix: 'c', unless: (found: Product) => !found.id })
  async byResult(id: string): Promise<Product> {
    return { id, stock: 1 }
  }

  @Cached((found: Product | null) => (found ? '1h' : '1m'), 'd')
  async adaptive(id: string): Promise<Product | null> {
    return id ? { id, stock: 1 } : null
  }

  @Cached({ ttl: '5m', prefix: 'e', key: (...words: string[]) => words.join() })
  async rest(...words: string[]): Promise<number> {
    return words.length
  }

  @Cached({ ttl: '5m', prefix: 'f', key: (word: string, page?: number) => [word, page] })
  async optional(word: string, _page?: number): Promise<string> {
    return word
  }

  @Cached({ ttl: '5m', prefix: 'g', key: (id: string | number) => id })
  async generic<Id extends string | number>(id: Id): Promise<Id> {
    return id
  }

  @CachePut({ ttl: '5m', prefix: 'h', key: (product: Product) => product.id, unless: (stored: Product) => !stored.id })
  @CacheEvict({ tags: (product: Product) => ['products', `product:${product.id}`] })
  async save(product: Product): Promise<Product> {
    return product
  }

  @Cached({
    ttl: '5m',
    prefix: 'i',
    scope(this: Fitting, _id: string) {
      return this.tenant
    },
  })
  async scoped(id: string): Promise<string> {
    return id
  }
  tenant = 'north'

  // Parameters without a type are taken for whatever the method has.
  @Cached({ ttl: '5m', prefix: 'k', key: (id) => id, unless: (found) => found.length === 0 })
  async untyped(id: string): Promise<string[]> {
    return [id]
  }

  overloaded(id: string): Promise<string>
  overloaded(ids: readonly string[]): Promise<string[]>
  @Cached({ ttl: '5m', prefix: 'l', key: (ids: string | readonly string[]) => ids })
  async overloaded(ids: string | readonly string[]): Promise<string | string[]> {
    return typeof ids === 'string' ? ids : [...ids]
  }

  // The method takes nothing, and nobody asks it for anything.
  @Cached({ ttl: '5m', prefix: 'j', key: () => 'all', tags: ['all'] })
  async all(): Promise<string[]> {
    return []
  }
}

export class NotFitting {
  // @ts-expect-error: the method takes a string.
  @Cached({ ttl: '5m', prefix: 'a', key: (id: number) => id })
  async key(id: string): Promise<string> {
    return id
  }

  // @ts-expect-error: the method takes one parameter.
  @Cached({ ttl: '5m', prefix: 'b', key: (id: string, page: number) => [id, page] })
  async tooMany(id: string): Promise<string> {
    return id
  }

  // @ts-expect-error: the method may be called without a page.
  @Cached({ ttl: '5m', prefix: 'c', key: (word: string, page: number) => [word, page.toFixed()] })
  async optional(word: string, _page?: number): Promise<string> {
    return word
  }

  // @ts-expect-error: the method takes a string.
  @Cached({ ttl: '5m', prefix: 'd', tags: (product: Product) => [product.id] })
  async tags(id: string): Promise<string> {
    return id
  }

  // @ts-expect-error: the method takes a string.
  @CacheEvict({ tags: (product: Product) => [product.id] })
  async evict(_id: string): Promise<void> {}

  // @ts-expect-error: the method takes a string.
  @CachePut({ ttl: '5m', prefix: 'e', key: (product: Product) => product.id })
  async put(id: string): Promise<string> {
    return id
  }

  // @ts-expect-error: the method takes a product.
  @RateLimited({ limit: 10, per: '1s', by: (id: string) => id })
  async by(product: Product): Promise<string> {
    return product.id
  }

  // @ts-expect-error: the method takes a string.
  @RateLimited({ limit: 10, per: '1s', cost: (size: number) => size })
  async cost(id: string): Promise<string> {
    return id
  }

  // @ts-expect-error: the method takes a product.
  @withLock((id: string) => id)
  async lock(product: Product): Promise<string> {
    return product.id
  }

  // @ts-expect-error: the method gives a string.
  @Cached({ ttl: '5m', prefix: 'f', unless: (found: Product) => found.stock === 0 })
  async unless(id: string): Promise<string> {
    return id
  }

  // @ts-expect-error: the method gives a string.
  @Cached((found: Product) => found.stock, 'g')
  async ttl(id: string): Promise<string> {
    return id
  }

  // @ts-expect-error: the method may give null.
  @Cached({ ttl: (found: Product) => found.stock, prefix: 'h' })
  async nullable(id: string): Promise<Product | null> {
    return id ? { id, stock: 1 } : null
  }
}

// @ts-expect-error: a counter needs to know who is counted.
RateLimited({ limit: 10, per: '1s', by: (id: string): string | undefined => id || undefined })
// @ts-expect-error: a limit is per some time.
RateLimited({ limit: 10 })
// @ts-expect-error: either one rule or several.
RateLimited({ limit: 10, per: '1s', limits: [{ limit: 10, per: '1m' }] })
// @ts-expect-error: each rule has a window.
RateLimited({ limits: [{ limit: 10 }] })
// @ts-expect-error: no such algorithm.
RateLimited({ limit: 10, per: '1s', algorithm: 'leaky-bucket' })
// @ts-expect-error: a lock needs a name.
withLock((id: string): string | undefined => id || undefined)
// @ts-expect-error: tags are a list.
CacheEvict({ tags: (id: string) => id })
// @ts-expect-error: it needs the prefix of the method to fill.
CachePut({ ttl: '5m', key: (id: string) => id })
