import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Consumer, createConsumer } from './consumer.js'

// What is loaded on need may not be there any more: a deployment replaced it under a process that runs, or a bundler was
// told wrong. An application is built in pieces here, and all that it does not load at once is taken away.

let consumer: Consumer
beforeAll(async () => {
  consumer = await createConsumer()
}, 60_000)
afterAll(() => consumer?.dispose())

/** Builds an application in pieces, and removes those that it loads on need. @returns what it prints, as JSON */
async function runWithoutChunks(source: string): Promise<unknown> {
  const out = join(consumer.folder, 'out')
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out)
  consumer.write({ 'app.mjs': source })
  const { metafile } = await build({
    absWorkingDir: consumer.folder,
    entryPoints: ['app.mjs'],
    bundle: true,
    splitting: true,
    platform: 'node',
    conditions: ['node'],
    format: 'esm',
    target: 'es2022',
    metafile: true,
    outdir: out,
    outExtension: { '.js': '.mjs' },
  })
  const kept = loadedAtOnce(metafile, 'out/app.mjs')
  const removed = Object.keys(metafile.outputs).filter((path) => !kept.has(path))
  expect(removed.length).toBeGreaterThan(10)
  for (const path of removed) rmSync(join(consumer.folder, path))
  return consumer.node('out/app.mjs')
}

function loadedAtOnce({ outputs }: Metafile, entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen
  seen.add(entry)
  for (const { path, kind } of outputs[entry]?.imports ?? []) {
    if (kind === 'import-statement') loadedAtOnce({ outputs } as Metafile, path, seen)
  }
  return seen
}

const START = `
import { createLarder, memory } from '@larder/core'
import { failing } from '@larder/core/testing'
const unhandled = []
process.on('unhandledRejection', (error) => unhandled.push(error.message))
const codeOf = (promise) => promise.then((value) => value, (error) => error.code)
const settle = () => new Promise((resolve) => setTimeout(resolve, 50))
`

test('cached calls give their values, and say that they go without', async () => {
  const source = `${START}
const events = []
const larder = createLarder({ onEvent: ({ type }) => events.push(type) })
let runs = 0
const plain = larder.cached('1m', 'plain', async (id) => ({ id, runs: ++runs }))
const fresh = larder.cached({ ttl: '1m', prefix: 'fresh', staleWhileRevalidate: '1m', local: { ttl: '1s' } }, async (id) => id)
const dated = larder.cached('1m', 'dated', async () => new Date(0))
const many = larder.cachedMany({ ttl: '1m', prefix: 'many' }, async (ids) => new Map(ids.map((id) => [id, id + 1])))
const jittered = larder.cachedMany({ ttl: '1m', prefix: 'jittered', jitter: 0.1 }, async (ids) => new Map(ids.map((id) => [id, id + 1])))
console.log(JSON.stringify({
  plain: [await plain('a'), await plain('a'), await plain.refresh('a'), await plain.peek('a')],
  fresh: [await fresh('a'), await fresh('a')],
  dated: await dated(),
  many: [[...await many([1, 2])], [...await many([1, 2])]],
  jittered: [...await jittered([1, 2])],
  drained: await larder.drain(),
  closed: await larder.close().then(() => true),
  events: [...new Set(events)].sort(),
  unhandled: (await settle(), unhandled),
}))`
  expect(await runWithoutChunks(source)).toEqual({
    plain: [
      { id: 'a', runs: 1 },
      { id: 'a', runs: 1 },
      { id: 'a', runs: 2 },
      { id: 'a', runs: 2 },
    ],
    fresh: ['a', 'a'],
    dated: '1970-01-01T00:00:00.000Z',
    many: [
      [
        [1, 2],
        [2, 3],
      ],
      [
        [1, 2],
        [2, 3],
      ],
    ],
    jittered: [
      [1, 2],
      [2, 3],
    ],
    drained: false,
    closed: true,
    events: expect.arrayContaining(['fallback', 'fill', 'hit', 'uncacheable']),
    unhandled: [],
  })
})

test('while the store is away as well, an eviction rejects with the store’s error, and a refresh gives its value', async () => {
  const source = `${START}
const store = failing(memory())
const { cached, cachedMany, CacheEvict, locks } = createLarder({ adapter: store })
const product = cached('1m', 'product', async (id) => id)
const products = cachedMany({ ttl: '1m', prefix: 'products' }, async (ids) => new Map(ids.map((id) => [id, id])))
console.log(JSON.stringify({
  evicted: await codeOf(product.evict('a')),
  refreshed: await codeOf(product.refresh('a')),
  many: [...await products.refresh(['a'])],
  lock: await codeOf(locks.acquire('report')),
  unhandled: (await settle(), unhandled),
}))`
  expect(await runWithoutChunks(source)).toEqual({
    evicted: 'ERR_STORE',
    refreshed: 'a',
    many: [['a', 'a']],
    lock: 'ERR_LOCK_STORE',
    unhandled: [],
  })
})
