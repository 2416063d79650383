import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Consumer, createConsumer } from './consumer.js'

let consumer: Consumer
beforeAll(async () => {
  consumer = await createConsumer()
  consumer.write({
    'worker.mjs': `
import { cached } from '@larder/core'
const changes = cached('1m', 'changes', async (id) => new Map([[id, 1]]))
await changes('p1')
console.log((await changes('p1')).get('p1'))`,
    'worker.cjs': `
const { cached } = require('@larder/core')
const product = cached('1m', 'product', async (id) => id.length)
product('p1').then(console.log)`,
  })
}, 60_000)
afterAll(() => consumer?.dispose())

const targets = [
  ['workerd', ['workerd', 'worker', 'browser'], 'workerd.js', ['cloudflare:workers']],
  ['a browser', ['browser'], 'default.js', []],
  ['node', ['node'], 'node.js', []],
] as const
const entries = [
  ['worker.mjs', 'dist/esm/', 1],
  ['worker.cjs', 'dist/cjs/', 2],
] as const
const cases = targets.flatMap(([target, conditions, platform, brought]) =>
  entries.map(([entry, build, printed]) => ({ target, conditions, platform, brought, entry, build, printed })),
)

test.for(cases)('a bundle of $entry for $target has one platform, no Node module, and runs', async (at) => {
  const { metafile } = await build({
    absWorkingDir: consumer.folder,
    entryPoints: [at.entry],
    bundle: true,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: [...at.conditions],
    format: 'esm',
    target: 'es2022',
    metafile: true,
    outfile: join(consumer.folder, 'bundle.mjs'),
  })
  const platforms = Object.keys(metafile.inputs).filter((path) => path.includes('/platform/'))
  expect(platforms).toEqual([`node_modules/@larder/core/${at.build}platform/${at.platform}`])
  const outer = Object.values(metafile.outputs).flatMap(({ imports }) => imports.filter(({ external }) => external))
  // What the runtime itself brings, and nobody had to mark as external.
  expect(outer.map(({ path }) => path)).toEqual(at.brought)
  expect(await consumer.node('bundle.mjs')).toBe(at.printed)
})
