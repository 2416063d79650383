import { Cached, CacheEvict, RateLimited, withLock } from '@larder/core'
import type { Product, ProductFile } from './products.js'

export interface Query {
  readonly category: string
  readonly text: string
}

export interface Order {
  readonly userId: string
  readonly productId: string
  readonly totalCents: number
}

/** What changes with a product: its own entry, and every search in its category, which it never leaves. */
const tagsOf = ({ id, category }: Product) => [`product:${id}`, `category:${category}`]

/** A shop's catalogue over a file of products. The decorators are all that it knows of caches, limits and locks. */
export class Catalog {
  constructor(private readonly file: ProductFile) {}

  /** One product, kept for five minutes. */
  @Cached({ ttl: '5m', prefix: 'product', tags: (id: string) => [`product:${id}`] })
  async product(id: string): Promise<Product | null> {
    const [product = null] = await this.file.find((candidate) => candidate.id === id)
    return product
  }

  /** What fits a query, cheapest first, kept for one minute. */
  @Cached({ ttl: '1m', prefix: 'search', tags: (query: Query) => [`category:${query.category}`] })
  async search({ category, text }: Query): Promise<Product[]> {
    const words = text.toLowerCase().split(/\s+/)
    const found = await this.file.find((product) => {
      const description = product.description.toLowerCase()
      return product.category === category && words.every((word) => description.includes(word))
    })
    return found.sort((a, b) => a.priceCents - b.priceCents)
  }

  /** Stores a product, then evicts what showed it. One writer at a time. */
  @CacheEvict({ tags: tagsOf })
  @withLock('products-file')
  async save(product: Product): Promise<void> {
    await this.file.replace(product)
  }

  /** Adds to a product's stock. It reads before it writes: without the lock, one of two at once would be lost. */
  @CacheEvict({ tags: tagsOf })
  @withLock('products-file', { ttl: '10s', wait: '5s' })
  async restock({ id }: Product, amount: number): Promise<void> {
    const [product] = await this.file.find((candidate) => candidate.id === id)
    if (!product) throw new Error(`no product ${id}`)
    await this.file.replace({ ...product, stock: product.stock + amount })
  }

  /** Three orders a minute for each customer. */
  @RateLimited({ prefix: 'checkout', limit: 3, per: '1m', by: (userId: string) => userId })
  async checkout(userId: string, productId: string): Promise<Order> {
    const product = await this.product(productId)
    if (!product) throw new Error(`no product ${productId}`)
    return { userId, productId, totalCents: product.priceCents }
  }
}
