import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, test, vi } from 'vitest'
import { createLarder } from '../../../src/index.js'
import { platform } from '../../../src/platform/index.js'

// As on Workers: a promise that one request made must not be awaited by another.
const requests = new AsyncLocalStorage<object>()
vi.spyOn(platform, 'scope').mockImplementation(() => requests.getStore())
const inRequest = <Result>(run: () => Result): Result => requests.run({}, run)

function gated() {
  const waiting: { ids: string[]; open: () => void; fail: (error: Error) => void }[] = []
  const load = (ids: string[]) =>
    new Promise<Map<string, string>>((resolve, reject) => {
      const open = () => resolve(new Map(ids.filter((id) => id !== 'none').map((id) => [id, id])))
      waiting.push({ ids, open, fail: reject })
    })
  const kept: Promise<unknown>[] = []
  const larder = createLarder({ waitUntil: (promise) => kept.push(promise) })
  return { waiting, products: larder.cachedMany({ ttl: '1h', prefix: 'product' }, load), cache: larder.cache }
}

test('a load of another request is waited for without its promise', async () => {
  const { products, waiting, cache } = gated()
  const one = inRequest(() => products(['p1', 'none']))
  await expect.poll(() => waiting.length).toBe(1)
  const two = inRequest(() => products(['p2', 'p1', 'none']))
  await expect.poll(() => waiting.length).toBe(2)
  expect(waiting.map(({ ids }) => ids)).toEqual([['p1', 'none'], ['p2']])
  for (const { open } of waiting) open()
  expect([...(await two).keys()]).toEqual(['p2', 'p1'])
  expect([...(await one).keys()]).toEqual(['p1'])
  expect(cache.stats().dedupes).toBe(2)
})

test('where that fails, all ids that waited for it are loaded by one run, and its error stays its own', async () => {
  const { products, waiting } = gated()
  const one = inRequest(() => products(['p1', 'p2', 'p3']))
  const failed = expect(one).rejects.toThrow('origin')
  await expect.poll(() => waiting.length).toBe(1)
  const two = inRequest(() => products(['p3', 'p1']))
  await new Promise((resolve) => setImmediate(resolve))
  waiting[0]?.fail(new Error('origin'))
  await failed
  await expect.poll(() => waiting.length).toBe(2)
  expect(waiting[1]?.ids).toEqual(['p3', 'p1'])
  waiting[1]?.open()
  expect([...(await two)]).toEqual([
    ['p3', 'p3'],
    ['p1', 'p1'],
  ])
})
