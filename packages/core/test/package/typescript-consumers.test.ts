import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Consumer, createConsumer } from './consumer.js'

const APPLICATION = `
import { Cached, cacheOf, configure, memory, RateLimited, withLock, type Adapter, type LarderOptions } from '@larder/core'

const adapter: Adapter = memory({ maxEntries: 100 })
const options: LarderOptions = { adapter, namespace: 'shop' }
configure(options)

export class Catalog {
  @RateLimited({ limit: 100, per: '1m', by: (id: string) => id })
  @withLock((id: string) => id)
  @Cached({ ttl: '5m', prefix: 'product', tags: (id: string) => [id] })
  async product(id: string): Promise<{ id: string }> {
    return { id }
  }

  // @ts-expect-error: returns no Promise.
  @Cached('5m', 'count')
  count(): number {
    return 1
  }
}

export async function evict(catalog: Catalog): Promise<string | undefined> {
  await cacheOf(catalog, 'product').evict('p1')
  // @ts-expect-error: the method takes a string.
  await cacheOf(catalog, 'product').evict(1)
  return (await cacheOf(catalog, 'product').peek('p1'))?.id
}
`

let consumer: Consumer
beforeAll(async () => {
  consumer = await createConsumer()
  consumer.write({
    'application.mts': APPLICATION,
    'application.cts': APPLICATION,
    'testing.mts': "export * as testing from '@larder/core/testing'",
    'testing.cts': "export * as testing from '@larder/core/testing'",
  })
}, 60_000)
afterAll(() => consumer?.dispose())

const moduleSystems = [
  ['nodenext', 'ES modules and CommonJS', ['application.mts', 'application.cts', 'testing.mts', 'testing.cts']],
  ['esnext', 'a bundler', ['application.mts', 'testing.mts']],
] as const

test.for(
  moduleSystems.flatMap(([module, title, files]) =>
    [false, true].map(
      (legacy) => [title, legacy ? 'experimentalDecorators' : 'standard decorators', module, files, legacy] as const,
    ),
  ),
)('the packed declarations fit %s with %s', { timeout: 30_000 }, async ([, , module, files, legacy]) => {
  const compilerOptions = {
    module,
    moduleResolution: module === 'esnext' ? 'bundler' : 'nodenext',
    experimentalDecorators: legacy,
    target: 'es2022',
    lib: ['es2022', 'esnext.disposable', 'dom'],
    types: [],
    strict: true,
    noEmit: true,
    // The declarations themselves have to compile too.
    skipLibCheck: false,
  }
  consumer.write({ 'tsconfig.json': JSON.stringify({ compilerOptions, files }) })
  expect(await consumer.tsc('-p', '.')).toBe('')
})
