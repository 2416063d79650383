import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Consumer, createConsumer } from './consumer.js'

/** Makes everything throw that an import must not do. On Workers much of it would throw by itself, at module scope. */
const GUARD = `
const forbid = (owner, name) => {
  Object.defineProperty(owner, name, { configurable: true, value: function () { throw new Error(name + ' at import time') } })
}
for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'AbortController', 'WebSocket', 'FinalizationRegistry']) {
  forbid(globalThis, name)
}
for (const name of ['getRandomValues', 'randomUUID']) forbid(crypto, name)
forbid(AbortSignal, 'timeout')
// Node itself reads the environment while it loads modules: what counts is who asks.
const { env } = process
Object.defineProperty(process, 'env', {
  get() {
    if (new Error().stack.split('\\n')[2].includes('@larder')) throw new Error('process.env at import time')
    return env
  },
})`

/** Decorators run while modules load, so what they do counts as well. */
const DECORATE = `
larder.cached('1m', 'product', async (id) => id)
const context = { kind: 'method', name: 'product', addInitializer() {} }
for (const decorator of [larder.Cached('1m', 'a'), larder.RateLimited({ prefix: 'a', limit: 1, per: 1 }), larder.withLock('a')]) {
  decorator(async () => 1, context)
}
larder.createLarder()
larder.limiter({ prefix: 'b', limit: 1, per: '1m' })`

const STATE = 'Object.getOwnPropertySymbols(globalThis).filter((symbol) => /larder/.test(String(symbol))).length'

let consumer: Consumer
beforeAll(async () => {
  consumer = await createConsumer()
  consumer.write({
    'guard.cjs': GUARD,
    'bare.mjs': `import '@larder/core'\nimport '@larder/core/lambda'\nimport '@larder/core/testing'\nconsole.log(${STATE})`,
    'bare.cjs': `require('@larder/core')\nrequire('@larder/core/lambda')\nrequire('@larder/core/testing')\nconsole.log(${STATE})`,
    'decorated.mjs': `import * as larder from '@larder/core'\n${DECORATE}\nconsole.log(true)`,
    'decorated.cjs': `const larder = require('@larder/core')\n${DECORATE}\nconsole.log(true)`,
  })
}, 60_000)
afterAll(() => consumer?.dispose())

test.for(['bare.mjs', 'bare.cjs'])('an import does nothing and leaves no global state: %s', async (script) => {
  expect(await consumer.node('--require', './guard.cjs', script)).toBe(0)
})

test.for(['decorated.mjs', 'decorated.cjs'])('decorating does nothing that Workers refuse: %s', async (script) => {
  expect(await consumer.node('--require', './guard.cjs', script)).toBe(true)
})

test('superjson loads when a value first needs it, and not before', async () => {
  rmSync(join(consumer.folder, 'node_modules', 'superjson'), { recursive: true })
  consumer.write({
    'without-superjson.mjs': `
import { cached, events } from '@larder/core'
const told = []
events.on(({ type }) => told.push(type))
const product = cached('1m', 'product', async (id) => ({ id }))
await product('p1')
await product('p1')
const date = cached('1m', 'date', async () => new Date(0))
console.log(JSON.stringify({ told, date: (await date()).getTime() }))`,
  })
  expect(await consumer.node('without-superjson.mjs')).toEqual({
    told: ['miss', 'fill', 'hit', 'miss', 'uncacheable', 'fill'],
    date: 0,
  })
})
