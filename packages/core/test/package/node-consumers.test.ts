import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Consumer, createConsumer } from './consumer.js'

let consumer: Consumer
beforeAll(async () => {
  consumer = await createConsumer()
}, 60_000)
afterAll(() => consumer?.dispose())

/** A miss and a hit of a value that only superjson can write, a limit and a lock. */
const USE = `
async function use({ cached, rateLimited, withLock, isLarderError }) {
  let runs = 0
  const changes = cached('1m', 'changes', async (id) => (runs++, new Map([[id, new Date(0)]])))
  await changes('p1')
  const hit = await changes('p1')
  const limited = rateLimited({ prefix: 'limited', limit: 1, per: '1m' }, async () => 'passed')
  await limited()
  const refused = await limited().catch((error) => error)
  const locked = await withLock('report', async ({ fence }) => fence > 0)
  const larders = isLarderError(refused)
  console.log(JSON.stringify({ runs, date: hit.get('p1') instanceof Date, code: refused.code, larders, locked }))
}`
const RESULT = { runs: 1, date: true, code: 'ERR_RATE_LIMITED', larders: true, locked: true }

/** AWS Lambda turns `require(esm)` off. Where Node has no such flag, there is nothing to turn off. */
const withoutRequireOfEsm = process.allowedNodeEnvironmentFlags.has('--experimental-require-module')
  ? ['--no-experimental-require-module']
  : []

test('an ES module uses the package', async () => {
  consumer.write({ 'use.mjs': `import * as larder from '@larder/core'\n${USE}\nawait use(larder)` })
  expect(await consumer.node('use.mjs')).toEqual(RESULT)
})

test('a CommonJS module uses the package, and superjson through import()', async () => {
  consumer.write({ 'use.cjs': `const larder = require('@larder/core')\n${USE}\nuse(larder)` })
  expect(await consumer.node('use.cjs')).toEqual(RESULT)
  expect(await consumer.node(...withoutRequireOfEsm, 'use.cjs')).toEqual(RESULT)
})

test('ESM and CommonJS in one process share the default toolkit, and know the errors of one another', async () => {
  consumer.write({
    'both.mjs': `
import { createRequire } from 'node:module'
import * as esm from '@larder/core'
const cjs = createRequire(import.meta.url)('@larder/core')
const codeOf = (action) => { try { action() } catch (error) { return error.code } }

esm.configure({ namespace: 'shop' })
let runs = 0
const product = cjs.cached('1m', 'product', async (id) => (runs++, id))
await product('p1')
class Catalog {}
Catalog.prototype.offer = cjs.Cached('1m', 'offer')(async function offer(id) { return id }, { kind: 'method', name: 'offer', addInitializer() {} })
const catalog = new Catalog()
await catalog.offer('p1')
await esm.cache.set('greeting', 'hello', { ttl: '1m' })
await esm.locks.acquire('report')
let error
try { cjs.Cached('5 minutes') } catch (caught) { error = caught }
console.log(JSON.stringify({
  twoCopies: esm.Cached !== cjs.Cached,
  key: product.keyOf('p1'),
  taken: codeOf(() => esm.cached('1m', 'product', async function offer() {})),
  again: codeOf(() => esm.cached('1m', 'product', async (id) => (runs++, id))),
  tooLate: codeOf(() => cjs.configure({ namespace: 'other' })),
  peeked: await esm.cacheOf(catalog, 'offer').peek('p1'),
  stats: esm.cache.stats().misses,
  greeting: await cjs.cache.get('greeting'),
  held: await cjs.locks.isHeld('report'),
  instance: error instanceof esm.LarderError,
  larders: esm.isLarderError(error),
}))`,
  })
  expect(await consumer.node('both.mjs')).toEqual({
    twoCopies: true,
    key: 'shop:product:"p1"',
    taken: 'ERR_PREFIX_TAKEN',
    again: undefined,
    tooLate: 'ERR_CONFIGURED_TOO_LATE',
    peeked: 'p1',
    stats: 2,
    greeting: 'hello',
    held: true,
    instance: false,
    larders: true,
  })
})

test('only the declared entry points can be imported', async () => {
  consumer.write({
    'entries.mjs': `
const codeOf = (path) => import(path).then(() => 'loaded', (error) => error.code)
console.log(JSON.stringify({
  testing: await codeOf('@larder/core/testing'),
  inner: await codeOf('@larder/core/dist/esm/index.js'),
  source: await codeOf('@larder/core/src/index.ts'),
}))`,
  })
  expect(await consumer.node('entries.mjs')).toEqual({
    testing: 'loaded',
    inner: 'ERR_PACKAGE_PATH_NOT_EXPORTED',
    source: 'ERR_PACKAGE_PATH_NOT_EXPORTED',
  })
})
