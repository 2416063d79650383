import { expect, test } from 'vitest'
import { createLarder, memory } from '../../src/index.js'

function setUp(limit: number, windowMs: number, burst?: number) {
  let nowMs = 1_700_000_000_123
  const adapter = memory({ now: () => nowMs })
  const { limiter } = createLarder({ adapter, now: () => nowMs })
  const rule = { prefix: 'api', limit, per: `${windowMs}ms`, algorithm: 'gcra' } as const
  return {
    api: limiter(burst === undefined ? rule : { ...rule, burst }),
    advance(ms: number) {
      nowMs += ms
    },
  }
}

test('burst: 8 admits exactly 8 from a standing start, then one each interval', async () => {
  const { api, advance } = setUp(10, 1_000, 8)
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => api.check('k')))
  expect(outcomes.map(({ allowed }) => allowed)).toEqual(Array.from({ length: 20 }, (_, i) => i < 8))
  advance(99)
  expect(await api.check('k')).toMatchObject({ allowed: false, retryAfterMs: 1 })
  advance(1)
  expect(await api.check('k')).toMatchObject({ allowed: true, remaining: 0 })
})

test('keeps the long-run rate, even where the interval is no whole number of milliseconds', async () => {
  const { api, advance } = setUp(600, 1_000, 1)
  let admitted = 0
  for (let i = 0; i < 10_000; i++) {
    advance(1)
    if ((await api.check('k')).allowed) admitted++
  }
  // One each 1.667 ms can be asked for each whole millisecond only: every second or each.
  expect(admitted).toBeGreaterThan(4_990)
  expect(admitted).toBeLessThanOrEqual(6_001)
})

test('another algorithm under the same prefix counts for itself', async () => {
  const { limiter } = createLarder()
  const rule = { prefix: 'api', limit: 2, per: '1h' } as const
  await limiter(rule).check('k', { cost: 2 })
  expect(await limiter({ ...rule, algorithm: 'gcra' }).check('k', { cost: 2 })).toMatchObject({ status: 'allowed' })
})

test('peek tells without spending', async () => {
  const { api } = setUp(2, 1_000)
  expect(await api.peek('k')).toMatchObject({ status: 'allowed', remaining: 2 })
  await api.check('k', { cost: 2 })
  expect(await api.peek('k')).toMatchObject({ status: 'denied', remaining: 0, retryAfterMs: 500, resetMs: 1_000 })
})
