import { createLarder } from '@larder/core'
import { decorateLegacy, decorateStandard } from './decorate.mjs'

/** Ours, in the shape of `peers/caches.mjs`: each over a toolkit of its own, on the embedded adapter, at its defaults. */
export const larderCaches = [
  {
    name: 'larder cached()',
    key: 'canonical text of the arguments',
    cache: (load, _keyOf, larder = createLarder()) => larder.cached('1h', 'product', load),
  },
  {
    name: 'larder @Cached, standard',
    key: 'canonical text of the arguments',
    cache: (load, _keyOf, larder = createLarder()) => decorated(larder, decorateStandard, load),
  },
  {
    name: 'larder @Cached, experimentalDecorators',
    key: 'canonical text of the arguments',
    cache: (load, _keyOf, larder = createLarder()) => decorated(larder, decorateLegacy, load),
  },
]

/** The same with a near tier, that is a map in front of the store. */
export const larderNearCaches = ['reference', 'copy'].flatMap((share) => {
  const options = { ttl: '1h', prefix: 'product', local: { ttl: '1h', share } }
  return [
    {
      name: `larder cached(), near, ${share}`,
      key: 'canonical text of the arguments',
      cache: async (load) => (await connected()).cached(options, load),
    },
    {
      name: `larder @Cached, standard, near, ${share}`,
      key: 'canonical text of the arguments',
      cache: async (load) => decorated(await connected(), decorateStandard, load, options),
    },
  ]
})

/** A toolkit whose near tiers are in use: they are not before the subscription for their news stands. */
async function connected() {
  const larder = createLarder()
  const ready = larder.cached({ ttl: '1h', prefix: 'ready', local: true }, async () => true)
  while (larder.cache.stats().nearHits === 0) {
    await ready()
    await new Promise(setImmediate)
  }
  return larder
}

function decorated(larder, decorate, load, options = { ttl: '1h', prefix: 'product' }) {
  class Catalog {
    async product(argument) {
      return load(argument)
    }
  }
  decorate(larder.Cached(options), Catalog, 'product')
  const catalog = new Catalog()
  return (argument) => catalog.product(argument)
}
