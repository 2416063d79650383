/**
 * The application that the snippets of these pages and of the docstrings belong to: a shop. `scripts/check-docs.mjs`
 * compiles them with it. It declares what is the reader's own, and nothing of Larder.
 */
interface Product {
  readonly id: string
  readonly name: string
  readonly shop: string
  readonly priceCents: number
}

interface Order {
  readonly id: string
  readonly userId: string
  readonly paid: boolean
}

interface Page {
  readonly etag: string
  readonly text: string
}

interface Query {
  readonly text: string
  readonly shop: string
  readonly user: string
}

declare const db: {
  readonly products: {
    find(id: string): Promise<Product>
    findMany(query: Query): Promise<Product[]>
    findByIds(ids: readonly string[]): Promise<Product[]>
    save(product: Product): Promise<Product>
    remove(id: string): Promise<void>
  }
  readonly orders: {
    create(userId: string): Promise<Order>
    find(id: string): Promise<Order>
    /** Refuses a fence lower than the last that it saw. */
    settle(id: string, fence: number): Promise<void>
  }
  readonly rates: { today(currency: string): Promise<{ rate: number; validForSeconds: number }> }
}

declare function buildReport(options: { signal: AbortSignal }): Promise<string>
declare function findProducts(query: Query): Promise<Product[]>
declare function handler(request: Request): Promise<Response>
declare function retryLater(): void

declare const catalog: {
  product(id: string): Promise<Product>
  products(ids: string[]): Promise<Map<string, Product>>
  checkout(userId: string): Promise<Order>
}
declare const api: import('@larder/core').Limiter
declare const request: Request
declare const userId: string
declare const ip: string
declare const body: string
/** 32 random bytes. */
declare const secretKey: Uint8Array

/** Whichever test runner is in use. */
declare function test(name: string, run: () => Promise<void>): void

/** The TCP adapter, as far as docstrings speak of it. */
declare function tcp(options: { url: string | undefined }): import('@larder/adapters/tcp').TcpAdapter
declare const redis: import('@larder/adapters/tcp').TcpAdapter

/** Keyv, as far as docstrings speak of it. */
declare const Keyv: typeof import('keyv').Keyv
