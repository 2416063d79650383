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
  expect(value.split(',').length).toBeLessThanOrEqual(17)
})

test('the counter is a text: all that is spent, the newest slot, then older ones, in ms since the first call', async () => {
  const { api, advance, state } = setUp(100, 1_600)
  for (const [pauseMs, cost] of [
    [0, 1],
    [99, 2],
    [1, 3],
    [250, 4],
    [40, 5],
  ] as const) {
    advance(pauseMs)
    await api.check('k', { cost })
  }
  expect((await state()).map(([, value]) => value)).toEqual(['15;390:9,99:3,100:3'])
})

test('says what is left and when it is whole again', async () => {
  const { api, advance } = setUp()
  const numbers = { limit: 5, remaining: 4, retryAfterMs: 0, resetMs: 1_000 }
  expect(await api.check('k')).toEqual({
    status: 'allowed',
    allowed: true,
    ...numbers,
    policies: [{ name: 'api', algorithm: 'sliding-window', windowMs: 1_000, ...numbers }],
  })
  advance(500)
  expect(await api.check('k', { cost: 4 })).toMatchObject({ remaining: 0, resetMs: 1_000 })
  advance(100)
  expect(await api.check('k')).toMatchObject({
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
