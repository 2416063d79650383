import { afterEach, expect, test, vi } from 'vitest'
import { setUp } from '../../support/origin.js'

afterEach(() => {
  vi.restoreAllMocks()
})

test.each([
  ['a share of the ttl', 0.2, 48_000],
  ['a span of time', '15s', 45_000],
  ['0', 0, 60_000],
] as const)('%s shortens the ttl by that at most', async (_, jitter, leastMs) => {
  vi.spyOn(Math, 'random').mockReturnValue(1 - Number.EPSILON)
  const { cached, advance } = setUp()
  const load = vi.fn(async () => 1)
  const find = cached({ ttl: '1m', prefix: 'find', jitter }, load)
  await find()
  advance(leastMs - 1)
  await find()
  expect(load).toHaveBeenCalledTimes(1)
  advance(1)
  await find()
  expect(load).toHaveBeenCalledTimes(2)
})

test('the ttl stays the upper bound', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
  const { cached, advance } = setUp()
  const load = vi.fn(async () => 1)
  const find = cached({ ttl: '1m', prefix: 'find', jitter: 1 }, load)
  await find()
  advance(59_999)
  await find()
  expect(load).toHaveBeenCalledTimes(1)
  advance(1)
  await find()
  expect(load).toHaveBeenCalledTimes(2)
})

test('what was stored together ends at different moments', async () => {
  const { cached, advance } = setUp()
  const ends: number[] = []
  let minute = 0
  const find = cached({ ttl: '1m', prefix: 'find', jitter: 0.5 }, async (_id: number) => ends.push(minute))
  const ids = Array.from({ length: 200 }, (_, id) => id)
  await Promise.all(ids.map(find))
  ends.length = 0
  for (minute = 30; minute < 60; minute++) {
    await Promise.all(ids.map(find))
    advance(minute === 30 ? 30_000 : 1_000)
  }
  expect(new Set(ends).size).toBeGreaterThan(20)
})

test('an adaptive ttl is shortened too, 0 stays 0, and a jitter longer than the ttl leaves a moment', async () => {
  const { cached } = setUp()
  const load = vi.fn(async (seconds: number) => seconds)
  const find = cached({ ttl: (seconds) => seconds, prefix: 'find', jitter: '1h' }, load)
  await find(0)
  await find(0)
  expect(load).toHaveBeenCalledTimes(2)
  await find(1)
  await find(1)
  expect(load).toHaveBeenCalledTimes(3)
})
