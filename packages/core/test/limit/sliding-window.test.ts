import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLarder, memory } from '../../src/index.js'

const LIMIT = 5
const WINDOW_MS = 1_000

function setUp(limit = LIMIT, windowMs = WINDOW_MS) {
  let nowMs = 1_700_000_000_123
  const adapter = memory({ now: () => nowMs })
  const { limiter } = createLarder({ adapter, now: () => nowMs })
  const api = limiter({ prefix: 'api', limit, per: `${windowMs}ms` })
  return {
    api,
    adapter,
    now: () => nowMs,
    advance(ms: number) {
      nowMs += ms
    },
    async state() {
      const entries = (await adapter.client()) as Map<string, { value: string; expiresAtMs: number }>
      return [...entries].map(([key, { value, expiresAtMs }]) => [key, value, expiresAtMs])
    },
  }
}

const arrivals = fc.array(
  fc.record({ pauseMs: fc.oneof(fc.nat(30), fc.nat(400), fc.constant(0)), cost: fc.integer({ min: 1, max: LIMIT }) }),
  { minLength: 1, maxLength: 80 },
)

test('no half-open window admits more than the limit, whatever arrives when', async () => {
  await fc.assert(
    fc.asyncProperty(arrivals, async (calls) => {
      const { api, advance, now } = setUp()
      const admitted: { atMs: number; cost: number }[] = []
      for (const { pauseMs, cost } of calls) {
        advance(pauseMs)
        if ((await api.check('k', { cost })).allowed) admitted.push({ atMs: now(), cost })
      }
      for (const { atMs } of admitted) {
        const inWindow = admitted.filter((one) => one.atMs > atMs - WINDOW_MS && one.atMs <= atMs)
        expect(inWindow.reduce((sum, { cost }) => sum + cost, 0)).toBeLessThanOrEqual(LIMIT)
      }
    }),
    { numRuns: 1_000 },
  )
})

test('retryAfterMs is tight: the same call passes then, and not 1 ms before', async () => {
  await fc.assert(
    fc.asyncProperty(arrivals, async (calls) => {
      const { api, advance } = setUp()
      for (const { pauseMs, cost } of calls) {
        advance(pauseMs)
        const { allowed, retryAfterMs } = await api.check('k', { cost })
        if (allowed) expect(retryAfterMs).toBe(0)
        else {
          advance(retryAfterMs - 1)
          expect((await api.check('k', { cost })).allowed).toBe(false)
          advance(1)
          expect((await api.check('k', { cost })).allowed).toBe(true)
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('a denial leaves the state as it was, to the byte and the millisecond', async () => {
  await fc.assert(
    fc.asyncProperty(arrivals, async (calls) => {
      const { api, advance, state } = setUp()
      for (const { pauseMs, cost } of calls) {
        advance(pauseMs)
        const before = await state()
        if (!(await api.check('k', { cost })).allowed) expect(await state()).toEqual(before)
      }
    }),
    { numRuns: 500 },
  )
})

test('admits exactly the limit among 200 at once', async () => {
  const { api } = setUp()
  const outcomes = await Promise.all(Array.from({ length: 200 }, () => api.check('k')))
  expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(LIMIT)
})

test('forgets a key as soon as nothing it spent is in the window', async () => {
  const { api, advance, adapter } = setUp()
  await api.check('k')
  const [key] = [...((await adapter.client()) as Map<string, unknown>).keys()] as [string]
  advance(WINDOW_MS - 1)
  expect(await adapter.getMany([key])).not.toEqual([null])
  advance(1)
  expect(await adapter.getMany([key])).toEqual([null])
})

test('the counter stays small however many calls it has seen', async () => {
  const { api, advance, state } = setUp(100_000, 60_000)
  for (let i = 0; i < 2_000; i++) {
    advance(60)
    await api.check('k')
  }
  const [[, value]] = (await state()) as [[string, string]]
  expect(value.split(',').length).toBeLessThanOrEqual(11)
})

test('says what is left and when it is whole again', async () => {
  const { api, advance } = setUp()
  expect(await api.check('k')).toEqual({
    status: 'allowed',
    allowed: true,
    limit: 5,
    remaining: 4,
    retryAfterMs: 0,
    resetMs: 1_000,
  })
  advance(500)
  expect(await api.check('k', { cost: 4 })).toMatchObject({ remaining: 0, resetMs: 1_000 })
  advance(100)
  expect(await api.check('k')).toEqual({
    status: 'denied',
    allowed: false,
    limit: 5,
    remaining: 0,
    retryAfterMs: 400,
    resetMs: 900,
  })
})

describe('beside checking', () => {
  test('peek tells without spending', async () => {
    const { api, state } = setUp()
    expect(await api.peek('k')).toMatchObject({ status: 'allowed', remaining: 5, resetMs: 0 })
    expect(await state()).toEqual([])
    await api.check('k', { cost: 5 })
    expect(await api.peek('k')).toMatchObject({ status: 'denied', remaining: 0, retryAfterMs: 1_000 })
  })
  test('reset forgets what was spent', async () => {
    const { api } = setUp()
    await api.check('k', { cost: 5 })
    await api.reset('k')
    expect(await api.check('k', { cost: 5 })).toMatchObject({ allowed: true })
  })
  test('a clock that steps back does not forgive', async () => {
    const { api, advance } = setUp()
    await api.check('k', { cost: 5 })
    advance(-10_000)
    expect(await api.check('k')).toMatchObject({ allowed: false, retryAfterMs: 1_000 })
  })
})
