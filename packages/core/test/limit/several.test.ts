import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { createLarder, type LimitRule, memory } from '../../src/index.js'
import { counting, expectCommands } from '../../src/testing/counting.js'

// Hundreds of random histories each, on a machine that may have other work.
vi.setConfig({ testTimeout: 60_000 })

function setUp(limits: readonly LimitRule[]) {
  let nowMs = 1_700_000_000_123
  const now = () => nowMs
  const inner = memory({ now })
  const adapter = counting(inner)
  const { limiter } = createLarder({ adapter, now })
  return {
    api: limiter({ prefix: 'api', limits, blockCache: 0 }),
    alone: limits.map((rule, i) => limiter({ prefix: `alone ${i}`, blockCache: 0, ...rule })),
    adapter,
    advance(ms: number) {
      nowMs += ms
    },
    async state() {
      const entries = (await inner.client()) as Map<string, { value: string; expiresAtMs: number }>
      return [...entries]
        .filter(([, { expiresAtMs }]) => expiresAtMs > nowMs)
        .map(([key, { value, expiresAtMs }]) => [key, value, expiresAtMs] as const)
    },
  }
}

const RULES: LimitRule[] = [
  { limit: 3, per: '1s' },
  { limit: 8, per: '1m' },
  { limit: 5, per: '2s', algorithm: 'gcra', burst: 4 },
  { limit: 4, per: '3s', algorithm: 'fixed-window' },
  { limit: 6, per: '10s', approximate: true },
  { limit: 6, per: '5s', algorithm: 'sliding-log' },
]

test('a call has to pass all limits, and one command asks them all', async () => {
  const { api, adapter, advance } = setUp([
    { limit: 2, per: '1s' },
    { limit: 3, per: '1m' },
  ])
  await api.check('warm')
  const first = await expectCommands(adapter, { run: 1 }, () => api.check('k'))
  expect(first).toMatchObject({
    status: 'allowed',
    limit: 2,
    remaining: 1,
    policies: [
      { name: 'api-1s', limit: 2, remaining: 1 },
      { name: 'api-60s', limit: 3, remaining: 2 },
    ],
  })
  await api.check('k')
  expect(await api.check('k')).toMatchObject({ status: 'denied', limit: 2, remaining: 0, retryAfterMs: 1_000 })
  advance(1_000)
  expect(await api.check('k')).toMatchObject({ status: 'allowed', limit: 3, remaining: 0 })
  expect(await api.check('k')).toMatchObject({ status: 'denied', limit: 3, retryAfterMs: 60_000 })
})

test('a call that one limit refuses spends nothing of any: whatever the limits, and whatever comes when', async () => {
  const calls = fc.array(
    fc.record({ pauseMs: fc.oneof(fc.nat(50), fc.nat(3_000)), cost: fc.integer({ min: 1, max: 3 }) }),
    {
      maxLength: 40,
    },
  )
  await fc.assert(
    fc.asyncProperty(fc.subarray(RULES, { minLength: 2 }), calls, async (limits, steps) => {
      const { api, alone, advance, state } = setUp(limits)
      for (const { pauseMs, cost } of steps) {
        advance(pauseMs)
        // Each limit by itself has been told of the admitted calls alone.
        const each = await Promise.all(alone.map((limiter) => limiter.peek('k', { cost })))
        const before = JSON.stringify((await state()).filter(([key]) => key.includes(':api:')))
        const outcome = await api.check('k', { cost })
        expect(outcome.allowed).toBe(each.every(({ allowed }) => allowed))
        expect(outcome.retryAfterMs).toBe(Math.max(...each.map(({ retryAfterMs }) => retryAfterMs)))
        if (outcome.allowed) for (const limiter of alone) await limiter.check('k', { cost })
        else expect(JSON.stringify((await state()).filter(([key]) => key.includes(':api:')))).toBe(before)
        const after = await Promise.all(alone.map((limiter) => limiter.peek('k', { cost: 0 })))
        expect(outcome.policies.map(({ remaining, resetMs }) => [remaining, resetMs])).toEqual(
          after.map(({ remaining, resetMs }) => [remaining, resetMs]),
        )
      }
    }),
    { numRuns: 1_000 },
  )
})

test('200 calls at once admit exactly the lowest limit', async () => {
  const { api } = setUp([
    { limit: 70, per: '1s' },
    { limit: 50, per: '1m', algorithm: 'gcra' },
  ])
  const outcomes = await Promise.all(Array.from({ length: 200 }, () => api.check('k')))
  expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(50)
})

test('all keys of one caller share a hash tag, so that a cluster takes them in one script', async () => {
  const { api, state } = setUp(RULES)
  await api.check('ada {1}')
  const keys = (await state()).map(([key]) => key)
  expect(keys).toHaveLength(RULES.length)
  expect(new Set(keys.map((key) => /\{(.*?)\}/.exec(key)?.[1]))).toEqual(new Set(['ada %7B1%7D']))
})

test('refund, penalize and reset reach all of them', async () => {
  const { api } = setUp(RULES)
  await api.check('k', { cost: 3 })
  await api.refund('k', 2)
  expect((await api.peek('k')).policies.map(({ limit, remaining }) => limit - remaining)).toEqual([1, 1, 2, 1, 1, 1])
  await api.penalize('k', 3)
  expect((await api.peek('k')).allowed).toBe(false)
  await api.reset('k')
  expect(await api.check('k', { cost: 3 })).toMatchObject({ allowed: true })
})

test('the limits of one call may be given with it, one for each', async () => {
  const { api } = setUp([
    { limit: 2, per: '1s' },
    { limit: 3, per: '1m' },
  ])
  expect(await api.check('k', { cost: 5, limit: [10, 20] })).toMatchObject({ allowed: true, limit: 10, remaining: 5 })
  await expect(api.check('k', { limit: 10 })).rejects.toMatchObject({ option: 'limit' })
  await expect(api.check('k', { cost: 3 })).rejects.toMatchObject({ option: 'cost' })
})
