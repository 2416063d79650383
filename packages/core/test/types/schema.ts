// What a schema gives is what the method gives.
import { Cached, CachedMany, cached, type Schema } from '@larder/core'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'

interface Product {
  id: string
  stock: number
}
const byZod = z.object({ id: z.string(), stock: z.number() })
const byValibot = v.object({ id: v.string(), stock: v.number() })
const byArktype = type({ id: 'string', stock: 'number' })
const narrow = z.object({ id: z.string() })
export const all: Schema<Product>[] = [byZod, byValibot, byArktype]

const find = async (id: string): Promise<Product> => ({ id, stock: 1 })
for (const schema of all) cached({ ttl: '5m', prefix: 'a', schema }, find)
cached({ ttl: '5m', prefix: 'b', schema: byZod, migrate: (old) => ({ ...old, stock: 0 }) }, find)
cached({ ttl: '5m', prefix: 'c', schema: z.object({ id: z.string(), stock: z.number().default(0) }) }, find)
// @ts-expect-error: what the schema gives lacks the stock.
cached({ ttl: '5m', prefix: 'd', schema: narrow }, find)
// @ts-expect-error: the function gives a product.
cached({ ttl: '5m', prefix: 'e', schema: z.string() }, find)

export class Catalog {
  @Cached({ ttl: '5m', prefix: 'f', schema: byZod })
  async zod(id: string): Promise<Product> {
    return find(id)
  }

  @Cached({ ttl: '5m', prefix: 'g', schema: byValibot, key: (id: string) => id, unless: (found) => found.stock < 0 })
  async valibot(id: string): Promise<Product> {
    return find(id)
  }

  @Cached({ ttl: '5m', prefix: 'h', schema: byArktype, migrate: () => undefined })
  async arktype(id: string): Promise<Product> {
    return find(id)
  }

  @CachedMany({ ttl: '5m', prefix: 'i', schema: byZod })
  async many(ids: string[]): Promise<Map<string, Product>> {
    return new Map(ids.map((id) => [id, { id, stock: 1 }]))
  }

  @Cached({ ttl: '5m', prefix: 'n', schema: byZod.nullable() })
  async nullable(id: string): Promise<Product | null> {
    return id ? find(id) : null
  }
}

export class NotFitting {
  // @ts-expect-error: the method gives a string.
  @Cached({ ttl: '5m', prefix: 'j', schema: byZod })
  async text(id: string): Promise<string> {
    return id
  }

  // @ts-expect-error: what the schema gives lacks the stock.
  @Cached({ ttl: '5m', prefix: 'k', schema: narrow })
  async stock(id: string): Promise<Product> {
    return find(id)
  }

  // @ts-expect-error: the schema refuses null, which the method may give.
  @Cached({ ttl: '5m', prefix: 'l', schema: byZod })
  async nullable(id: string): Promise<Product | null> {
    return id ? find(id) : null
  }

  // @ts-expect-error: what the schema gives lacks the stock.
  @CachedMany({ ttl: '5m', prefix: 'm', schema: narrow })
  async many(ids: string[]): Promise<Map<string, Product>> {
    return new Map(ids.map((id) => [id, { id, stock: 1 }]))
  }
}
