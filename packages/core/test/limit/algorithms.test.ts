import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { createLarder, type LimitRule, memory } from '../../src/index.js'
import {
  type Admitted,
  createModel,
  type Method,
  type ModelRule,
  mostInAnyWindow,
  shortestWaitMs,
  worstCase,
} from '../support/limit-models.js'

// Hundreds of random histories each, on a machine that may have other work.
vi.setConfig({ testTimeout: 60_000 })

const METHODS: Method[] = ['sliding-window', 'sliding-log', 'approximate', 'gcra', 'fixed-window']
const RUNS = 1_000

function toRule({ method, limit, windowMs, burst }: ModelRule): LimitRule {
  const rule = { limit, per: `${windowMs}ms` } as const
  if (method === 'approximate') return { ...rule, approximate: true }
  return { ...rule, algorithm: method, ...(burst && { burst }) }
}

function setUp(rule: ModelRule) {
  let nowMs = 1_700_000_000_123
  const now = () => nowMs
  const adapter = memory({ now })
  const { limiter } = createLarder({ adapter, now })
  return {
    // Without what this process remembers: each call is to be answered by the store.
    api: limiter({ prefix: 'api', blockCache: 0, ...toRule(rule) }),
    now,
    advance(ms: number) {
      nowMs += ms
    },
    /** Every key with its value and its end, to the byte and the millisecond. */
    async state() {
      const entries = (await adapter.client()) as Map<string, { value: string; expiresAtMs: number }>
      return [...entries]
        .filter(([, { expiresAtMs }]) => expiresAtMs > nowMs)
        .map(([key, { value, expiresAtMs }]) => [key, value, expiresAtMs] as const)
    },
  }
}

const rules = (method: Method) =>
  fc.record({
    method: fc.constant(method),
    limit: fc.constantFrom(1, 3, 5, 12),
    windowMs: fc.constantFrom(7, 100, 1_000),
    ...(method === 'gcra' && { burst: fc.constantFrom(1, 2, 5) }),
  })
const pauses = fc.oneof(fc.constant(0), fc.nat(3), fc.nat(150), fc.nat(1_500))
const calls = fc.array(fc.record({ pauseMs: pauses, cost: fc.integer({ min: 0, max: 12 }) }), { maxLength: 50 })
const operations = fc.array(
  fc.record({
    pauseMs: pauses,
    cost: fc.integer({ min: 0, max: 12 }),
    act: fc.constantFrom('check', 'check', 'check', 'peek', 'refund', 'penalize'),
  }),
  { maxLength: 50 },
)
const mostOf = ({ limit, burst }: ModelRule) => burst ?? limit

describe.each(METHODS)('%s', (method) => {
  test('answers as the reference model does, call by call', async () => {
    await fc.assert(
      fc.asyncProperty(rules(method), operations, async (rule, steps) => {
        const model = createModel(rule)
        const { api, now, advance } = setUp(rule)
        for (const { pauseMs, act, ...step } of steps) {
          advance(pauseMs)
          const cost = Math.min(step.cost, mostOf(rule))
          const atMs = now()
          if (act === 'refund' || act === 'penalize') {
            if (cost) model[act](atMs, cost)
            await api[act]('k', cost)
            continue
          }
          const fits = model.fits(atMs, cost)
          const retryAfterMs = fits ? 0 : shortestWaitMs(model, atMs, cost)
          if (fits && act === 'check' && cost) model.spend(atMs, cost)
          expect(await api[act]('k', { cost })).toMatchObject({
            status: fits ? 'allowed' : 'denied',
            remaining: Math.max(0, model.left(atMs)),
            retryAfterMs,
            resetMs: model.wholeAtMs(atMs) - atMs,
          })
        }
      }),
      { numRuns: RUNS },
    )
  })

  test('no half-open window admits more than its worst case', async () => {
    await fc.assert(
      fc.asyncProperty(rules(method), calls, async (rule, steps) => {
        const { api, now, advance } = setUp(rule)
        const admitted: Admitted[] = []
        for (const { pauseMs, ...step } of steps) {
          advance(pauseMs)
          const cost = Math.min(step.cost, mostOf(rule))
          if ((await api.check('k', { cost })).allowed) admitted.push({ atMs: now(), cost })
        }
        expect(mostInAnyWindow(admitted, rule.windowMs)).toBeLessThanOrEqual(worstCase(rule))
      }),
      { numRuns: RUNS },
    )
  })

  test('retryAfterMs is tight: the same call passes then, and not 1 ms before', async () => {
    await fc.assert(
      fc.asyncProperty(rules(method), calls, async (rule, steps) => {
        const { api, advance } = setUp(rule)
        for (const { pauseMs, ...step } of steps) {
          advance(pauseMs)
          const cost = Math.min(step.cost, mostOf(rule))
          const { allowed, retryAfterMs } = await api.check('k', { cost })
          if (allowed) continue
          advance(retryAfterMs - 1)
          expect(await api.check('k', { cost })).toMatchObject({ allowed: false, retryAfterMs: 1 })
          advance(1)
          expect(await api.check('k', { cost })).toMatchObject({ allowed: true })
        }
      }),
      { numRuns: RUNS },
    )
  })

  test('a denial and a look leave every key as it was, to the byte and the millisecond', async () => {
    await fc.assert(
      fc.asyncProperty(rules(method), calls, async (rule, steps) => {
        const { api, advance, state } = setUp(rule)
        for (const { pauseMs, ...step } of steps) {
          advance(pauseMs)
          const cost = Math.min(step.cost, mostOf(rule))
          const before = await state()
          await api.peek('k', { cost })
          expect(await state()).toEqual(before)
          if (!(await api.check('k', { cost })).allowed) expect(await state()).toEqual(before)
        }
      }),
      { numRuns: RUNS / 2 },
    )
  })

  test('a key ends when nothing is spent any more, and not a millisecond later', async () => {
    await fc.assert(
      fc.asyncProperty(rules(method), operations, async (rule, steps) => {
        const { api, advance, state, now } = setUp(rule)
        for (const { pauseMs, act, ...step } of steps) {
          advance(pauseMs)
          const cost = Math.min(step.cost, mostOf(rule))
          await (act === 'check' ? api.check('k', { cost }) : act === 'peek' ? api.peek('k') : api[act]('k', cost))
          const { resetMs } = await api.peek('k', { cost: 0 })
          expect((await state()).map(([, , endsAtMs]) => endsAtMs - now())).toEqual(resetMs ? [resetMs] : [])
          expect(resetMs).toBeLessThanOrEqual(
            2 * rule.windowMs * Math.max(1, mostOf(rule) / rule.limit) + 2 * rule.limit,
          )
        }
      }),
      { numRuns: RUNS / 2 },
    )
  })

  test('what is refunded can be spent again, and never more than the limit', async () => {
    const { api } = setUp({ method, limit: 5, windowMs: 1_000 })
    await api.check('k', { cost: 4 })
    await api.refund('k', 3)
    expect(await api.peek('k')).toMatchObject({ remaining: 4 })
    await api.refund('k', 5)
    expect(await api.peek('k')).toMatchObject({ remaining: 5, resetMs: 0 })
  })

  test('a penalty spends what is not there; the debt ends in time', async () => {
    const { api, advance } = setUp({ method, limit: 5, windowMs: 1_000 })
    for (let i = 0; i < 10; i++) await api.penalize('k', 5)
    const { allowed, remaining, retryAfterMs } = await api.check('k')
    expect({ allowed, remaining }).toEqual({ allowed: false, remaining: 0 })
    expect(retryAfterMs).toBeLessThanOrEqual(2_000)
    advance(retryAfterMs)
    expect(await api.check('k')).toMatchObject({ allowed: true })
  })

  test('counts up to the highest limit that a number can tell apart', async () => {
    const limit = Number.MAX_SAFE_INTEGER
    const { api } = setUp({ method, limit, windowMs: 1_000, ...(method === 'gcra' && { limit: 10, burst: 2 ** 35 }) })
    const most = method === 'gcra' ? 2 ** 35 : limit
    expect(await api.check('k', { cost: 7 })).toMatchObject({ status: 'allowed', remaining: most - 7 })
    expect(await api.peek('k')).toMatchObject({ status: 'allowed', remaining: most - 7 })
  })

  test('counts by a clock that tells fractions of a millisecond', async () => {
    const { api, advance } = setUp({ method, limit: 3, windowMs: 1_000, ...(method === 'gcra' && { burst: 3 }) })
    for (const remaining of [2, 1, 0]) {
      advance(0.25)
      expect(await api.check('k')).toMatchObject({ status: 'allowed', remaining })
      advance(0.25)
      expect(await api.peek('k', { cost: 0 })).toMatchObject({ status: 'allowed', remaining })
    }
    expect(await api.check('k')).toMatchObject({ status: 'denied' })
  })

  test('200 calls at once admit exactly the limit', async () => {
    const { api } = setUp({ method, limit: 12, windowMs: 1_000 })
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => api.check('k')))
    expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(12)
  })
})

test.each(['sliding-window', 'sliding-log'] as const)(
  '%s: refunds included, no window admits more than the limit beyond what was given back in it',
  async (method) => {
    await fc.assert(
      fc.asyncProperty(rules(method), operations, async (rule, steps) => {
        const { api, now, advance } = setUp(rule)
        const admitted: Admitted[] = []
        for (const { pauseMs, act, ...step } of steps) {
          advance(pauseMs)
          const cost = Math.min(step.cost, rule.limit)
          if (act === 'refund') {
            const spent = rule.limit - (await api.peek('k', { cost: 0 })).remaining
            await api.refund('k', cost)
            admitted.push({ atMs: now(), cost: -Math.min(cost, spent) })
          } else if ((await api.check('k', { cost })).allowed) admitted.push({ atMs: now(), cost })
        }
        expect(mostInAnyWindow(admitted, rule.windowMs)).toBeLessThanOrEqual(rule.limit)
      }),
      { numRuns: RUNS },
    )
  },
)
