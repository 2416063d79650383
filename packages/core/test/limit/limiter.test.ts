import { describe, expect, test } from 'vitest'
import { createLarder, type LarderEvent, memory } from '../../src/index.js'
import { counting, expectCommands } from '../../src/testing/counting.js'

const rule = { prefix: 'api', limit: 2, per: '1m' } as const

function setUp() {
  const store = counting(memory())
  const events: LarderEvent[] = []
  return { ...createLarder({ adapter: store, onEvent: (event) => events.push(event) }), store, events }
}

describe('lists', () => {
  test('a key on the allow list is let through and not counted, one on the deny list is refused: without the store', async () => {
    const { limiter, store } = setUp()
    const api = limiter({ ...rule, allowList: ['ada', 7], denyList: ['mallory', 'ada'] })
    await expectCommands(store, 0, async () => {
      for (const friend of ['ada', 7, '7']) {
        for (let i = 0; i < 3; i++) {
          expect(await api.check(friend)).toMatchObject({ status: 'allowed', reason: 'allow-list', remaining: 2 })
        }
      }
      expect(await api.check('mallory')).toMatchObject({
        status: 'denied',
        allowed: false,
        reason: 'deny-list',
        retryAfterMs: 60_000,
      })
    })
    expect(await api.check('bob')).toMatchObject({ status: 'allowed', remaining: 1 })
  })
  test('either may be a function', async () => {
    const { limiter } = setUp()
    const api = limiter({ ...rule, denyList: (key) => key.startsWith('10.') })
    expect(await api.check('10.0.0.1')).toMatchObject({ reason: 'deny-list' })
    expect(await api.check('192.0.2.1')).toMatchObject({ status: 'allowed' })
  })
})

test('a dry run tells, counts and emits, and refuses nobody', async () => {
  const { limiter, rateLimited, events } = setUp()
  const api = limiter({ ...rule, dryRun: true })
  await api.check('k', { cost: 2 })
  expect(await api.check('k')).toMatchObject({ status: 'denied', allowed: true, remaining: 0 })
  expect(events).toContainEqual(expect.objectContaining({ type: 'denied', prefix: 'api' }))
  const home = rateLimited({ ...rule, prefix: 'home', limit: 1, dryRun: true }, async () => 'home')
  expect([await home(), await home(), await home()]).toEqual(['home', 'home', 'home'])
})

test('what can never pass is a mistake, told before the store is asked', async () => {
  const { limiter, store } = setUp()
  const api = limiter(rule)
  const smooth = limiter({ ...rule, algorithm: 'gcra', burst: 1 })
  await expectCommands(store, 0, async () => {
    for (const cost of [3, -1, 0.5, Number.NaN, '1' as never]) {
      await expect(api.check('k', { cost })).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option: 'cost' })
      await expect(api.waitUntilAllowed('k', { cost })).rejects.toMatchObject({ option: 'cost' })
      await expect(api.penalize('k', cost)).rejects.toMatchObject({ option: 'cost' })
      await expect(api.refund('k', cost)).rejects.toMatchObject({ option: 'cost' })
    }
    await expect(smooth.check('k', { cost: 2 })).rejects.toMatchObject({ option: 'cost' })
    await expect(api.check('k', { limit: 0 })).rejects.toMatchObject({ option: 'limit' })
    for (const key of ['', Number.NaN, undefined as never]) {
      await expect(api.check(key)).rejects.toMatchObject({ option: 'by' })
      await expect(api.reset(key)).rejects.toMatchObject({ option: 'by' })
    }
    await expect(api.waitUntilAllowed('k', { timeout: 'soon' as never })).rejects.toMatchObject({ option: 'timeout' })
  })
})

test('a limiter tells by which limits it goes', () => {
  const { limiter } = setUp()
  expect(limiter(rule).policies).toEqual([{ name: 'api', algorithm: 'sliding-window', windowMs: 60_000 }])
  const several = limiter({
    prefix: 'api',
    limits: [
      { limit: 1, per: '250ms' },
      { limit: 1, per: '1h', algorithm: 'gcra' },
      { limit: 1, per: 30, algorithm: 'concurrency' },
      { limit: 1, per: '1m', approximate: true },
    ],
  })
  expect(several.policies.map(({ name }) => name)).toEqual([
    'api-0.25s',
    'api-3600s-gcra',
    'api-30s-concurrency',
    'api-60s-approximate',
  ])
})

test('limiters of one prefix, algorithm and window share their counters', async () => {
  const { limiter } = setUp()
  await limiter(rule).check('k', { cost: 2 })
  expect((await limiter(rule).check('k')).allowed).toBe(false)
  expect((await limiter({ ...rule, limit: 3 }).check('k')).allowed).toBe(true)
  expect((await limiter({ ...rule, per: '2m' }).check('k')).allowed).toBe(true)
  expect((await limiter({ ...rule, approximate: true }).check('k')).allowed).toBe(true)
  expect((await limiter({ prefix: 'api', limits: [{ limit: 2, per: '1m' }] }).check('k')).allowed).toBe(false)
})
