import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Consumer, createConsumer } from '../../../core/test/package/consumer.js'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
/** Keyv, and what it depends on: the installation needs no network. */
const keyv = ['keyv', '@keyv/serialize'].map((name) => path(`../../../../node_modules/${name}`))

let consumer: Consumer
beforeAll(async () => {
  consumer = await createConsumer([path('../..'), ...keyv])
}, 60_000)
afterAll(() => consumer?.dispose())

const USE = `
async function use({ memory }, { toKeyv }, { Keyv }) {
  const keyv = new Keyv({ store: toKeyv(memory()) })
  await keyv.set('tea', { price: 350 })
  console.log(JSON.stringify([await keyv.get('tea'), Object.keys(await import('@larder/adapters/keyv'))]))
}`
const RESULT = [{ price: 350 }, ['toKeyv']]

/** AWS Lambda turns `require(esm)` off. Where Node has no such flag, there is nothing to turn off. */
const withoutRequireOfEsm = process.allowedNodeEnvironmentFlags.has('--experimental-require-module')
  ? ['--no-experimental-require-module']
  : []

test('an ES module uses the bridge, with no client of an adapter installed', async () => {
  consumer.write({
    'use.mjs': `import * as core from '@larder/core'
import * as bridge from '@larder/adapters/keyv'
import * as keyv from 'keyv'
${USE}
await use(core, bridge, keyv)`,
  })
  expect(await consumer.node('use.mjs')).toEqual(RESULT)
})

test('a CommonJS module uses the bridge', async () => {
  consumer.write({
    'use.cjs': `${USE}\nuse(require('@larder/core'), require('@larder/adapters/keyv'), require('keyv'))`,
  })
  expect(await consumer.node(...withoutRequireOfEsm, 'use.cjs')).toEqual(RESULT)
})

test('the bridge loads the core, and neither Keyv nor a client', () => {
  for (const format of ['esm', 'cjs']) {
    const file = join(consumer.folder, 'node_modules/@larder/adapters/dist', format, 'keyv/index.js')
    const loaded = readFileSync(file, 'utf8').matchAll(/(?:from |import\(|require\()["']([^"']+)/g)
    expect(new Set([...loaded].map(([, name]) => name))).toEqual(new Set(['@larder/core']))
  }
})

test('TypeScript takes the store for one of Keyv', async () => {
  const source = `
import { memory } from '@larder/core'
import { toKeyv } from '@larder/adapters/keyv'
import { Keyv, type KeyvStoreAdapter } from 'keyv'
const store: KeyvStoreAdapter = toKeyv(memory(), { budget: '100ms' })
export const price: Promise<number | undefined> = new Keyv<number>({ store }).get('tea')
`
  const compilerOptions = {
    module: 'NodeNext',
    target: 'ES2022',
    lib: ['ES2022', 'DOM', 'ESNext.Disposable'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
  }
  consumer.write({
    'types/use.mts': source,
    'types/use.cts': source,
    'types/tsconfig.json': JSON.stringify({ compilerOptions: { ...compilerOptions, types: [] } }),
  })
  expect(await consumer.tsc('-p', 'types')).toBe('')
})
