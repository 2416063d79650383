import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { larderCaches, larderNearCaches } from './larder-caches.mjs'
import { loadPeers } from './peers.mjs'

const KEYS = 64
const ids = Array.from({ length: KEYS }, (_, i) => `product-${i}`)
const resultOf = (n) => ({ id: ids[n], name: `Product number ${n}`, price: n * 100, inStock: true })

/** What the function is called with, a fresh object where it is one, as requests bring it. */
const kinds = {
  id: {
    argumentOf: (i) => ids[i % KEYS],
    load: async (id) => resultOf(Number(id.slice('product-'.length))),
    keyOf: String,
    floorKeyOf: (id) => id,
  },
  object: {
    argumentOf: (i) => ({ a: i % KEYS, b: 'books', c: true }),
    load: async ({ a }) => resultOf(a),
    keyOf: JSON.stringify,
    floorKeyOf: ({ a, b, c }) => `${a}:${b}:${c}`,
  },
}

/**
 * @param {string} name a cache, or `floor`
 * @param {'id' | 'object'} kind of argument
 */
export default async function hitRow(name, kind) {
  const { argumentOf, load, keyOf } = kinds[kind]
  let loads = 0
  const counted = async (argument) => {
    loads++
    return load(argument)
  }
  const { key, cache } = name === 'floor' ? floorOf(kinds[kind]) : await find(name)
  const get = await cache(counted, keyOf)
  for (let i = 0; i < KEYS; i++) await get(argumentOf(i))
  const [first, second] = [await get(argumentOf(1)), await get(argumentOf(1))]
  return {
    call: (i) => get(argumentOf(i)),
    facts: { 'key comes from': key, 'same object': first === second ? 'yes' : 'no' },
    async check() {
      for (let i = 0; i < KEYS; i++) deepStrictEqual(await get(argumentOf(i)), await load(argumentOf(i)))
      strictEqual(loads, KEYS, 'a call that should have been a hit ran the loader')
    },
  }
}

/** A map that is full from the start: looking up is all there is to it. */
function floorOf({ argumentOf, floorKeyOf }) {
  return {
    key: 'the id, or a template literal',
    async cache(load) {
      const map = new Map()
      for (let i = 0; i < KEYS; i++) map.set(floorKeyOf(argumentOf(i)), await load(argumentOf(i)))
      return async (argument) => map.get(floorKeyOf(argument))
    },
  }
}

async function find(name) {
  const named = (cache) => cache.name === name
  return larderCaches.find(named) ?? larderNearCaches.find(named) ?? (await loadPeers('caches')).find(named)
}
