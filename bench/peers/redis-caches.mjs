/**
 * Each peer as a cached form of `load` over a Redis server, with a ttl of an hour and nothing kept in the process.
 *
 * `cache(load, url)` gives a function called like `load`, with an id. Where a peer leaves the client to its caller, it is
 * ioredis 5: most of them want no later one.
 */
import { decorateLegacy } from '../src/decorate.mjs'

const HOUR_MS = 3_600_000

async function ioredis(url) {
  const { Redis } = await import('ioredis')
  return new Redis(url)
}

async function keyvRedis(url) {
  const { default: KeyvRedis } = await import('@keyv/redis')
  const { Keyv } = await import('keyv')
  return new Keyv({ store: new KeyvRedis(url) })
}

export default [
  {
    name: 'async-cache-dedupe',
    async cache(load, url) {
      const { createCache } = await import('async-cache-dedupe')
      const storage = { type: 'redis', options: { client: await ioredis(url) } }
      const cache = createCache({ ttl: HOUR_MS / 1000, storage })
      cache.define('load', load)
      return (id) => cache.load(id)
    },
  },
  {
    name: 'cachified + ioredis in 3 lines',
    async cache(load, url) {
      const { cachified } = await import('@epic-web/cachified')
      const client = await ioredis(url)
      const cache = {
        get: async (key) => JSON.parse(await client.get(key)),
        set: (key, entry) => client.set(key, JSON.stringify(entry), 'PX', HOUR_MS),
        delete: (key) => client.del(key),
      }
      return (id) => cachified({ key: id, cache, ttl: HOUR_MS, getFreshValue: () => load(id) })
    },
  },
  {
    name: 'cache-manager wrap (@keyv/redis)',
    async cache(load, url) {
      const { createCache } = await import('cache-manager')
      const cache = createCache({ stores: [await keyvRedis(url)], ttl: HOUR_MS })
      return (id) => cache.wrap(id, () => load(id))
    },
  },
  {
    name: 'cacheable getOrSet (@keyv/redis)',
    async cache(load, url) {
      const { Cacheable } = await import('cacheable')
      const cache = new Cacheable({ primary: await keyvRedis(url), ttl: HOUR_MS })
      return (id) => cache.getOrSet(id, () => load(id))
    },
  },
  {
    name: 'bentocache, L2 only',
    async cache(load, url) {
      const { BentoCache, bentostore } = await import('bentocache')
      const { redisDriver } = await import('bentocache/drivers/redis')
      const driver = redisDriver({ connection: await ioredis(url) })
      const cache = new BentoCache({ default: 'redis', stores: { redis: bentostore().useL2Layer(driver) } })
      return (id) => cache.getOrSet({ key: id, ttl: HOUR_MS, factory: () => load(id) })
    },
  },
  {
    name: '@type-cacheable @Cacheable (ioredis)',
    async cache(load, url) {
      const { Cacheable } = await import('@type-cacheable/core')
      const { useAdapter } = await import('@type-cacheable/ioredis-adapter')
      const client = useAdapter(await ioredis(url))
      class Catalog {
        get(id) {
          return load(id)
        }
      }
      decorateLegacy(Cacheable({ client, ttlSeconds: HOUR_MS / 1000 }), Catalog, 'get')
      const catalog = new Catalog()
      return (id) => catalog.get(id)
    },
  },
]
