import { expect, test } from 'vitest'
import type { CachedOptions } from '../../../src/index.js'
import { createLarder } from '../../../src/index.js'

const wrong: Array<[string, object]> = [
  ['staleWhileRevalidate', { staleWhileRevalidate: 'soon' }],
  ['staleWhileRevalidate', { staleWhileRevalidate: -1 }],
  ['staleIfError', { staleIfError: '1 hour' }],
  ['softTimeout', { softTimeout: Number.NaN, staleIfError: '1h' }],
  ['hardTimeout', { hardTimeout: Number.POSITIVE_INFINITY }],
  ['jitter', { jitter: 1.1 }],
  ['jitter', { jitter: -0.1 }],
  ['jitter', { jitter: 'much' }],
  ['earlyRefresh.beta', { earlyRefresh: { beta: 0 } }],
  ['earlyRefresh.beta', { earlyRefresh: { beta: -1 } }],
]

test.each(wrong)('%s is checked at decoration: %o', (option, own) => {
  const { cached, Cached } = createLarder()
  const options = { ttl: '1m', prefix: 'find', ...own } as CachedOptions
  const isTold = expect.objectContaining({ name: 'UsageError', option })
  expect(() => cached(options, async () => 1)).toThrow(isTold)
  expect(() => Cached(options)).toThrow(isTold)
})

const unfit: Array<[string, object]> = [
  ['softTimeout', { softTimeout: '1s' }],
  ['hardTimeout', { hardTimeout: 0 }],
  ['dedupe', { dedupe: 'everyone' }],
  ['jitter', { jitter: Number.NaN }],
  ['earlyRefresh.beta', { earlyRefresh: { beta: Number.NaN } }],
  ['earlyRefresh.random', { earlyRefresh: { random: 0.5 } }],
  ['earlyRefresh.now', { earlyRefresh: { now: 0 } }],
]

test.each(unfit)('%s is checked together with the others, at the first call: %o', async (option, own) => {
  const { cached } = createLarder()
  const find = cached({ ttl: '1m', prefix: 'find', ...own } as CachedOptions, async () => 1)
  await expect(find()).rejects.toMatchObject({ name: 'UsageError', option })
  await expect(find()).rejects.toMatchObject({ name: 'UsageError', option })
})

test('options may stand in the toolkit`s defaults, and go together with those of the function', async () => {
  const { cached } = createLarder({ defaults: { cached: { staleIfError: '1h' } } })
  const find = cached({ ttl: '1m', prefix: 'find', softTimeout: '1s' }, async () => 1)
  expect(await find()).toBe(1)
})

test('0 and false are none', async () => {
  const { cached } = createLarder()
  const none = { staleWhileRevalidate: 0, staleIfError: 0, jitter: 0, earlyRefresh: false } as const
  const find = cached({ ttl: '1m', prefix: 'find', ...none }, async () => 1)
  expect(await find()).toBe(1)
  expect(await find()).toBe(1)
})
