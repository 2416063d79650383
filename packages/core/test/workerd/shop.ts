/// <reference path="../../src/platform/cloudflare.d.ts" />
import { waitUntil } from 'cloudflare:workers'
import { type Adapter, createLarder, type Larder } from '@larder/core'

// Put in by the bundler: module scope must not ask for anything.
declare const ORIGIN: string

/** How the toolkit keeps requests alive: as it finds out by itself, as the application tells it, or not at all. */
const hooks = {
  found: undefined,
  injected: waitUntil,
  none: () => false,
}

interface Loaded {
  readonly path: string
  readonly load: number
}

/** All that decorators do at module scope is done here, for each toolkit. */
function createCatalog({ Cached, CachedMany, CacheEvict, RateLimited, withLock }: Larder) {
  class Catalog {
    @Cached({ ttl: '1m', prefix: 'product', tags: ['products'] })
    async product(query: string): Promise<Loaded> {
      const response = await fetch(`${ORIGIN}/${query}`)
      if (!response.ok) throw new Error(`the origin answered ${response.status}`)
      return response.json()
    }
    @Cached({ ttl: '100ms', prefix: 'offer', staleWhileRevalidate: '1m' })
    async offer(query: string): Promise<Loaded> {
      return (await fetch(`${ORIGIN}/${query}`)).json()
    }
    /** One request to the origin for each, so that its count of loads tells how often each id was loaded. */
    @CachedMany({ ttl: '1m', prefix: 'products', key: (id: string) => id })
    async products(ids: string[], search: string): Promise<Map<string, Loaded>> {
      const found = ids.map(async (id): Promise<[string, Loaded]> => {
        const response = await fetch(`${ORIGIN}/${id}${search}`)
        if (!response.ok) throw new Error(`the origin answered ${response.status}`)
        return [id, await response.json()]
      })
      return new Map(await Promise.all(found))
    }
    /** What is no data, and belongs to the request that got it. */
    @Cached('1m', 'page')
    async page(query: string): Promise<Response> {
      return fetch(`${ORIGIN}/${query}`)
    }
    @CacheEvict({ tags: ['products'] })
    async save(): Promise<string> {
      return 'saved'
    }
    @RateLimited({ prefix: 'search', limit: 5, per: '1h', by: (who: string) => who })
    async search(who: string): Promise<string> {
      return who
    }
    @withLock((id: string) => `order:${id}`, { ttl: '30s', wait: '10s' })
    async settle(id: string): Promise<string> {
      await (await fetch(`${ORIGIN}/settle-${id}?ms=5`)).text()
      return id
    }
  }
  return new Catalog()
}

async function handle(url: URL, catalog: ReturnType<typeof createCatalog>, action: string, key: string) {
  const query = `${key}${url.search}`
  switch (action) {
    case 'product':
      return Response.json(await catalog.product(query))
    case 'many':
      return Response.json([...(await catalog.products(key.split(','), url.search)).keys()])
    case 'leave-many': {
      catalog.products(key.split(','), url.search).catch(() => {})
      return new Response('left')
    }
    case 'leave': {
      // Answers while its load is still under way.
      catalog.product(query).catch(() => {})
      return new Response('left')
    }
    case 'leave-fill': {
      // Answers when its load is over, and the result on its way to the store.
      catalog.product(query).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 500))
      return new Response('left')
    }
    case 'twice': {
      const found = await Promise.all([catalog.product(query), catalog.product(query), catalog.product(query)])
      return Response.json(found.map(({ load }) => load))
    }
    case 'offer':
      return Response.json(await catalog.offer(query))
    case 'page':
      return new Response(await (await catalog.page(query)).text())
    case 'save':
      return new Response(await catalog.save())
    case 'search':
      return new Response(await catalog.search(key))
    case 'settle':
      return new Response(await catalog.settle(key))
    default:
      return new Response('no such action', { status: 404 })
  }
}

/** A Worker with a toolkit for each way to keep requests alive and each store: `/found/memory/product/p1`. */
export function serveShop(stores: Readonly<Record<string, () => Adapter>>) {
  const catalogs = new Map<string, ReturnType<typeof createCatalog>>()
  for (const [hook, waitUntil] of Object.entries(hooks)) {
    for (const [store, adapter] of Object.entries(stores)) {
      const larder = createLarder({ adapter: adapter(), namespace: hook, ...(waitUntil ? { waitUntil } : {}) })
      catalogs.set(`${hook}/${store}`, createCatalog(larder))
    }
  }
  return {
    async fetch(request: Request): Promise<Response> {
      const url = new URL(request.url)
      const [, hook, store, action = '', key = ''] = url.pathname.split('/')
      try {
        const catalog = catalogs.get(`${hook}/${store}`)
        if (!catalog) return new Response('no such toolkit', { status: 404 })
        return await handle(url, catalog, action, key)
      } catch (error) {
        const { cause } = error as Error
        return new Response(cause ? `${error}, for ${cause}` : String(error), { status: 502 })
      }
    },
  }
}
