import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { createRequire } from 'node:module'
import { http } from '@larder/adapters/http'
import { createLarder } from '@larder/core'

export const KEYS = 256
const ids = Array.from({ length: KEYS }, (_, i) => `product-${i}`)

/** The adapter's own client: it is made for that. */
const clients = createRequire(new URL('../../packages/adapters/package.json', import.meta.url))
export const clientVersion = createRequire(clients.resolve('@upstash/redis'))('./package.json').version

/** As the adapter makes its client: nothing repeated, parsed, decoded or told, and a deadline for each request. */
function bareClient(url, token) {
  const { Redis } = clients('@upstash/redis')
  return new Redis({
    url,
    token,
    retry: { retries: 0 },
    automaticDeserialization: false,
    enableTelemetry: false,
    responseEncoding: false,
    signal: () => AbortSignal.timeout(5_000),
  })
}

/** The floors and ours. The first is what all are compared with. */
export const rows = [
  { name: 'FLOOR @upstash/redis GET + JSON.parse', cache: bare(bareClient) },
  { name: 'the same with the defaults', cache: bare((url, token) => defaults(url, token)) },
  { name: 'larder cached()', isLarder: true, cache: async (load, url, token) => cached(load, { url, token }) },
]

function defaults(url, token) {
  const { Redis } = clients('@upstash/redis')
  return new Redis({ url, token, automaticDeserialization: false })
}

/** Looks a value up, and nothing else: it was stored before. */
function bare(create) {
  return async (load, url, token) => {
    const client = create(url, token)
    for (const id of ids) await client.set(`product:${id}`, JSON.stringify(await load(id)))
    return async (id) => JSON.parse(await client.get(`product:${id}`))
  }
}

function cached(load, options) {
  return createLarder({ adapter: http(options) }).cached('1h', 'product', load)
}

/** What a key holds, by size, give or take a few characters of JSON. */
const values = {
  '100 B': (id) => ({ id, name: `The product ${id}`, price: 1_999, inStock: true, shelf: 'A-12' }),
  '10 KB': (id) => ({ id, parts: Array.from({ length: 116 }, (_, i) => ({ ...values['100 B'](`${i}`), n: i })) }),
}

/**
 * @param {string} name a row
 * @param {keyof typeof values} size
 * @param {string} inFlight how many calls are
 * @param {string} url of a gateway with a database that nobody else uses
 * @param {string} token
 */
export default async function httpHitRow(name, size, inFlight, url, token) {
  const server = bareClient(url, token)
  await server.flushdb()
  let loads = 0
  const makeValue = values[size]
  const load = async (id) => {
    loads++
    return makeValue(id)
  }
  const get = await rows.find((row) => row.name === name).cache(load, url, token)
  for (const id of ids) await get(id)
  return {
    call: (i) => get(ids[i % KEYS]),
    inFlight: Number(inFlight),
    async check() {
      for (const id of ids) deepStrictEqual(await get(id), makeValue(id))
      strictEqual(loads, KEYS, 'a call that should have been a hit ran the loader')
    },
  }
}
