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

function decorated(larder, decorate, load) {
  class Catalog {
    async product(argument) {
      return load(argument)
    }
  }
  decorate(larder.Cached('1h', 'product'), Catalog, 'product')
  const catalog = new Catalog()
  return (argument) => catalog.product(argument)
}
