/**
 * Each peer as a cached form of `load`, at its defaults, in memory, with a ttl of an hour.
 *
 * `cache(load, keyOf)` gives a function called like `load`. `keyOf` makes a key of the argument, for peers that leave
 * that to their caller; `key` says where the key comes from.
 */
import { decorateLegacy } from '../src/decorate.mjs'

const HOUR_MS = 3_600_000
const callerWritesIt = 'caller writes it'

/** A class with `load` as its method `get`, under `decorator`. */
function decorated(decorator, load) {
  class Catalog {
    get(argument) {
      return load(argument)
    }
  }
  decorateLegacy(decorator, Catalog, 'get')
  const catalog = new Catalog()
  return (argument) => catalog.get(argument)
}

export default [
  {
    name: 'memoizee (promise, maxAge)',
    key: 'String(argument), or a given normalizer',
    async cache(load, keyOf) {
      const { default: memoizee } = await import('memoizee')
      const normalizer = keyOf === String ? undefined : ([argument]) => keyOf(argument)
      return memoizee(load, { promise: true, maxAge: HOUR_MS, primitive: !normalizer, normalizer })
    },
  },
  {
    name: 'typescript-memoize @MemoizeExpiring',
    key: 'the first argument, or a given hash',
    async cache(load, keyOf) {
      const { MemoizeExpiring } = await import('typescript-memoize')
      return decorated(MemoizeExpiring(HOUR_MS, keyOf === String ? undefined : keyOf), load)
    },
  },
  {
    name: 'p-memoize (Map, no ttl)',
    key: 'the first argument, or a given cacheKey',
    async cache(load, keyOf) {
      const { default: pMemoize } = await import('p-memoize')
      return pMemoize(load, keyOf === String ? {} : { cacheKey: ([argument]) => keyOf(argument) })
    },
  },
  {
    name: 'async-cache-dedupe',
    key: 'safe-stable-stringify(argument)',
    async cache(load) {
      const { createCache } = await import('async-cache-dedupe')
      const cache = createCache({ ttl: HOUR_MS / 1000, storage: { type: 'memory' } })
      cache.define('load', load)
      return (argument) => cache.load(argument)
    },
  },
  {
    name: 'cache-manager wrap',
    key: callerWritesIt,
    async cache(load, keyOf) {
      const { createCache } = await import('cache-manager')
      const cache = createCache({ ttl: HOUR_MS })
      return (argument) => cache.wrap(keyOf(argument), () => load(argument))
    },
  },
  {
    name: 'cachified (lru-cache)',
    key: callerWritesIt,
    async cache(load, keyOf) {
      const { cachified } = await import('@epic-web/cachified')
      const { LRUCache } = await import('lru-cache')
      const cache = new LRUCache({ max: 1_000 })
      return (argument) => cachified({ key: keyOf(argument), cache, ttl: HOUR_MS, getFreshValue: () => load(argument) })
    },
  },
  {
    name: 'bentocache, serialize: false',
    key: callerWritesIt,
    cache: (load, keyOf) => bentocache({ serialize: false }, load, keyOf),
  },
  {
    name: 'bentocache (default)',
    key: callerWritesIt,
    cache: (load, keyOf) => bentocache({}, load, keyOf),
  },
  {
    name: 'cacheable getOrSet',
    key: callerWritesIt,
    async cache(load, keyOf) {
      const { Cacheable } = await import('cacheable')
      const cache = new Cacheable({ ttl: HOUR_MS })
      return (argument) => cache.getOrSet(keyOf(argument), () => load(argument))
    },
  },
  {
    name: '@type-cacheable @Cacheable (lru-cache)',
    key: 'md5 of the arguments and the method',
    async cache(load) {
      const { Cacheable } = await import('@type-cacheable/core')
      const { useAdapter } = await import('@type-cacheable/lru-cache-adapter')
      const { LRUCache } = await import('lru-cache')
      const client = useAdapter(new LRUCache({ max: 1_000 }))
      // Its key leaves out the class, so each use gets a client of its own.
      return decorated(Cacheable({ client, ttlSeconds: HOUR_MS / 1000 }), load)
    },
  },
]

async function bentocache(options, load, keyOf) {
  const { BentoCache, bentostore } = await import('bentocache')
  const { memoryDriver } = await import('bentocache/drivers/memory')
  const driver = memoryDriver({ maxItems: 1_000, ...options })
  const cache = new BentoCache({ default: 'memory', stores: { memory: bentostore().useL1Layer(driver) } })
  return (argument) => cache.getOrSet({ key: keyOf(argument), ttl: HOUR_MS, factory: () => load(argument) })
}
