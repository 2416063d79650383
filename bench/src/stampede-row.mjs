import { strictEqual } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLarder, memory } from '@larder/core'
import { larderCaches } from './larder-caches.mjs'
import { loadPeers } from './peers.mjs'

export const CALLS = 1_000
export const LOADER_MS = 20

const [larderForm] = larderCaches

/** One call of a row is one stampede: `CALLS` calls of a key that nobody has asked for yet. */
export default async function stampedeRow(name) {
  let runs = 0
  let stampedes = 0
  const load = async (id) => {
    runs++
    await sleep(LOADER_MS)
    return { id, name: `Product ${id}` }
  }
  const { get, adapterCalls } = await make(name, load)
  let runsMost = 0
  return {
    async call() {
      const runsBefore = runs
      const id = `product-${stampedes++}`
      const results = await Promise.all(Array.from({ length: CALLS }, () => get(id)))
      for (const result of results) strictEqual(result.id, id, 'a call got the result of another key')
      runsMost = Math.max(runsMost, runs - runsBefore)
    },
    async check() {
      if (!adapterCalls) return { runs: runsMost }
      strictEqual(runsMost, 1, 'the loader ran more than once')
      const before = await adapterCalls()
      await this.call()
      return { runs: runsMost, 'adapter calls': difference(before, await adapterCalls()) }
    },
  }
}

async function make(name, load) {
  if (name === 'floor') return { get: floor(load) }
  const peer = name.startsWith('larder') ? undefined : (await loadPeers('caches')).find((cache) => cache.name === name)
  if (peer) return { get: await peer.cache(load, String) }
  const adapter = name === 'larder embedded' ? memory() : remoteMemory()
  const larder = createLarder({ adapter })
  const adapterCalls = async () => (await larder.health()).adapters[adapter.name].calls
  return { get: larderForm.cache(load, String, larder), adapterCalls }
}

/** A promise kept by hand while it is pending. */
function floor(load) {
  const flights = new Map()
  return (id) => {
    let flight = flights.get(id)
    if (!flight) {
      flight = load(id).finally(() => flights.delete(id))
      flights.set(id, flight)
    }
    return flight
  }
}

/** The embedded store in a wrapper: by that it is treated as one behind a network. */
function remoteMemory() {
  const adapter = memory()
  return { ...adapter }
}

/** The calls made between two counts, as text. The ping by which `health` asks is left out. */
function difference(before, after) {
  return Object.keys(after)
    .filter((method) => method !== 'ping' && after[method] !== before[method])
    .map((method) => `${after[method] - (before[method] ?? 0)} ${method}`)
    .join(', ')
}
