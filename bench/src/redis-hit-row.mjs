import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { createRequire } from 'node:module'
import { tcp } from '@larder/adapters/tcp'
import { createLarder } from '@larder/core'
import { loadPeers } from './peers.mjs'

export const KEYS = 1_024
const ids = Array.from({ length: KEYS }, (_, i) => `product-${i}`)

/** The adapter's own clients: it is made for both. */
const clients = createRequire(new URL('../../packages/adapters/package.json', import.meta.url))
const ioredis = (name, url) => new (clients(name).Redis)(url)
export const clientVersions = ['ioredis-5', 'ioredis'].map((name) => clients(`${name}/package.json`).version)

const floors = { 5: 'FLOOR ioredis 5 GET + JSON.parse', 6: 'FLOOR ioredis 6 GET + JSON.parse' }

/** The floors and ours, in the shape of `peers/redis-caches.mjs`. The first is what the peers are compared with. */
export const ours = [
  { name: floors[5], cache: (load, url) => bare(load, ioredis('ioredis-5', url)) },
  { name: floors[6], floor: floors[6], cache: (load, url) => bare(load, ioredis('ioredis', url)) },
  { name: 'larder cached(), ioredis 6', isLarder: true, floor: floors[6], cache: (load, url) => cached(load, { url }) },
  {
    name: 'larder cached(), ioredis 5',
    isLarder: true,
    floor: floors[5],
    cache: (load, url) => cached(load, { client: ioredis('ioredis-5', url) }),
  },
]

/** Looks a value up, and nothing else: it was stored before. */
async function bare(load, client) {
  for (const id of ids) await client.set(`product:${id}`, JSON.stringify(await load(id)))
  return async (id) => JSON.parse(await client.get(`product:${id}`))
}

function cached(load, options) {
  return createLarder({ adapter: tcp(options) }).cached('1h', 'product', load)
}

/** What a key holds, by size, give or take a few characters of JSON. */
const values = {
  '100 B': (id) => ({ id, name: `The product ${id}`, price: 1_999, inStock: true, shelf: 'A-12' }),
  '10 KB': (id) => ({ id, parts: Array.from({ length: 116 }, (_, i) => ({ ...values['100 B'](`${i}`), n: i })) }),
}

/**
 * @param {string} name a cache
 * @param {keyof typeof values} size
 * @param {string} inFlight how many calls are
 * @param {string} url of a database that nobody else uses
 */
export default async function redisHitRow(name, size, inFlight, url) {
  const server = ioredis('ioredis', url)
  await server.flushdb()
  let loads = 0
  const makeValue = values[size]
  const load = async (id) => {
    loads++
    return makeValue(id)
  }
  const get = await (await find(name)).cache(load, url)
  for (const id of ids) await get(id)

  const callAtOnce = () => Promise.all(ids.slice(0, Number(inFlight)).map((id) => get(id)))
  const commands = async () => Number((await server.info('stats')).match(/total_commands_processed:(\d+)/)[1])
  return {
    call: (i) => get(ids[i % KEYS]),
    inFlight: Number(inFlight),
    async check() {
      const before = await commands()
      await callAtOnce()
      // The count itself is a command.
      const sent = (await commands()) - before - 1
      for (const id of ids) deepStrictEqual(await get(id), makeValue(id))
      strictEqual(loads, KEYS, 'a call that should have been a hit ran the loader')
      return { commands: sent }
    },
  }
}

async function find(name) {
  const named = (cache) => cache.name === name
  return ours.find(named) ?? (await loadPeers('redis-caches')).find(named)
}
