// One of the processes of a stampede: it is told a key, calls for it many times at once, and answers how often it loaded.
import { strictEqual } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { tcp } from '@larder/adapters/tcp'
import { createLarder } from '@larder/core'
import { loadPeers } from './peers.mjs'
import { LOADER_MS } from './stampede-row.mjs'

const [name, url] = process.argv.slice(2)
let runs = 0
const load = async (id) => {
  runs++
  await sleep(LOADER_MS)
  return { id, name: `Product ${id}` }
}
const get = await make()
process.on('disconnect', () => process.exit())
process.on('message', async ({ id, calls }) => {
  runs = 0
  const results = await Promise.all(Array.from({ length: calls }, () => get(id)))
  for (const result of results) strictEqual(result.id, id, 'a call got the result of another key')
  process.send({ runs })
})
process.send({ ready: true })

async function make() {
  if (name === 'floor') return load
  if (!name.startsWith('larder')) {
    return (await loadPeers('redis-caches')).find((cache) => cache.name === name).cache(load, url)
  }
  const dedupe = name.endsWith('everywhere') ? 'everywhere' : 'process'
  return createLarder({ adapter: tcp({ url }) }).cached({ ttl: '1h', prefix: 'product', dedupe }, load)
}
