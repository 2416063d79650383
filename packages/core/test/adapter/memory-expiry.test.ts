import { afterEach, expect, test, vi } from 'vitest'
import { memory } from '../../src/index.js'
import { fakeClock } from '../../src/testing/index.js'

afterEach(() => {
  vi.useRealTimers()
})

const sizeOf = async (store: ReturnType<typeof memory>) => ((await store.client()) as Map<string, unknown>).size

test('goes by the clock it was given', async () => {
  const clock = fakeClock()
  const store = memory({ now: clock.now })
  await store.set('a', 'A', { ttlMs: 1_000 })
  clock.advance(999)
  expect(await store.getMany(['a'])).toEqual(['A'])
  clock.advance(1)
  expect(await store.getMany(['a'])).toEqual([null])
})

test('goes by the clock of the machine otherwise', async () => {
  vi.useFakeTimers()
  const store = memory()
  await store.set('a', 'A', { ttlMs: 1_000 })
  vi.setSystemTime(Date.now() + 999)
  expect(await store.getMany(['a'])).toEqual(['A'])
  vi.setSystemTime(Date.now() + 1)
  expect(await store.getMany(['a'])).toEqual([null])
})

test('starts no timer', async () => {
  vi.useFakeTimers()
  const store = memory()
  await store.set('a', 'A', { ttlMs: 1_000 })
  await store.expireIf('a', 'A', 2_000)
  await store.getMany(['a'])
  expect(vi.getTimerCount()).toBe(0)
})

test('drops an expired entry when it is next looked at', async () => {
  const clock = fakeClock()
  const store = memory({ now: clock.now })
  await store.set('a', 'A', { ttlMs: 1_000 })
  clock.advance(1_000)
  expect(await sizeOf(store)).toBe(1)
  await store.getMany(['a'])
  expect(await sizeOf(store)).toBe(0)
})

test('keeps within its bounds when everything has expired and nobody looks', async () => {
  const clock = fakeClock()
  const store = memory({ now: clock.now, maxEntries: 10 })
  for (let i = 0; i < 100; i++) {
    await store.set(`${i}`, 'A', { ttlMs: 1 })
    clock.advance(1)
  }
  expect(await sizeOf(store)).toBe(10)
})

test('does not take a read of an expired entry for a use that brings it back', async () => {
  const clock = fakeClock()
  const store = memory({ now: clock.now, maxEntries: 2 })
  await store.set('short', 'A', { ttlMs: 1_000 })
  await store.set('long', 'B')
  clock.advance(1_000)
  await store.getMany(['short'])
  await store.set('new', 'C')
  expect(await store.getMany(['short', 'long', 'new'])).toEqual([null, 'B', 'C'])
})
