import { describe, expect, test, vi } from 'vitest'
import { createLarder, type LarderEvent, memory } from '../../src/index.js'
import { failing, lossy, lying } from '../../src/testing/faults.js'

// Hundreds of random histories each, on a machine that may have other work.
vi.setConfig({ testTimeout: 60_000 })

const rule = { prefix: 'api', limit: 2, per: '1m' } as const

function setUp(fault: typeof failing | typeof lossy | typeof lying = failing) {
  let nowMs = 1_700_000_000_000
  const now = () => nowMs
  const store = fault(memory({ now }))
  const events: LarderEvent[] = []
  // The breaker has tests of its own: here the store is asked each time.
  const larder = createLarder({
    adapter: store,
    now,
    store: { breaker: { failures: 1_000_000 } },
    onEvent: (event) => events.push(event),
  })
  return {
    ...larder,
    store,
    events,
    advance(ms: number) {
      nowMs += ms
    },
  }
}

describe('when the store cannot be asked', () => {
  test('by default this process counts alone, and says that it is undecided', async () => {
    const { limiter, events } = setUp()
    const api = limiter(rule)
    const outcomes = [await api.check('k'), await api.check('k'), await api.check('k')]
    expect(outcomes.map(({ status, allowed, reason }) => [status, allowed, reason])).toEqual([
      ['undecided', true, 'unavailable'],
      ['undecided', true, 'unavailable'],
      ['undecided', false, 'unavailable'],
    ])
    expect(outcomes[2]).toMatchObject({ retryAfterMs: 60_000 })
    expect(events).toContainEqual(expect.objectContaining({ type: 'fallback', operation: 'limit', prefix: 'api' }))
    expect(await api.check('other')).toMatchObject({ status: 'undecided', allowed: true })
  })

  test("'allow' lets through", async () => {
    const { limiter } = setUp()
    const api = limiter({ ...rule, onStoreError: 'allow' })
    for (let i = 0; i < 5; i++) {
      expect(await api.check('k')).toMatchObject({ status: 'undecided', allowed: true, retryAfterMs: 0 })
    }
  })

  test("'deny' refuses", async () => {
    const { limiter } = setUp()
    const outcome = await limiter({ ...rule, onStoreError: 'deny' }).check('k')
    expect(outcome).toMatchObject({ status: 'undecided', allowed: false, remaining: 0, retryAfterMs: 60_000 })
  })

  test('an answer that no script gives is no answer', async () => {
    const { limiter } = setUp(lying)
    const api = limiter({ ...rule, limit: 100 })
    for (let i = 0; i < 12; i++) {
      expect(await api.check('k')).toMatchObject({ status: 'undecided', allowed: true, reason: 'malformed' })
    }
  })

  test('refund, penalize and reset say so, and hold for what this process counts', async () => {
    const { limiter } = setUp()
    const api = limiter(rule)
    await api.check('k', { cost: 2 })
    await expect(api.refund('k')).rejects.toMatchObject({ code: 'ERR_STORE' })
    expect(await api.check('k')).toMatchObject({ allowed: true })
    expect(await api.check('k')).toMatchObject({ allowed: false })
    await expect(api.reset('k')).rejects.toMatchObject({ code: 'ERR_STORE' })
    await expect(api.penalize('k', 2)).rejects.toMatchObject({ code: 'ERR_STORE' })
    expect(await api.check('k')).toMatchObject({ allowed: false })
  })
})

describe('when the store is back', () => {
  test('what this process admitted alone counts until its time is over: no burst above the limit', async () => {
    const { limiter, store, advance } = setUp()
    const api = limiter(rule)
    await api.check('k', { cost: 2 })
    store.active = false
    expect(await api.check('other')).toMatchObject({ status: 'allowed' })
    expect(await api.check('k')).toMatchObject({
      status: 'denied',
      allowed: false,
      reason: 'local',
      retryAfterMs: 60_000,
    })
    advance(60_000)
    const outcome = await api.check('k', { cost: 2 })
    expect(outcome).toMatchObject({ status: 'allowed' })
    expect(outcome.reason).toBeUndefined()
  })

  test('no window that begins after the outage began admits more than the limit, whenever it ends', async () => {
    for (let seed = 0; seed < 300; seed++) {
      const { limiter, store, advance } = setUp(seed % 2 ? failing : lossy)
      const api = limiter({ ...rule, limit: 5 })
      const admitted: number[] = []
      let clock = 0
      for (let step = 0; step < 60; step++) {
        const pauseMs = Math.floor(Math.random() * 8_000)
        advance(pauseMs)
        clock += pauseMs
        store.active = store.active && step < 20 + (seed % 20)
        if ((await api.check('k')).allowed) admitted.push(clock)
      }
      for (const end of admitted) {
        expect(admitted.filter((at) => at > end - 60_000 && at <= end).length).toBeLessThanOrEqual(5)
      }
    }
  })

  test('a call that the store refuses is not held against the caller here', async () => {
    const { limiter, store, advance } = setUp()
    const api = limiter({ ...rule, blockCache: 0 })
    await api.check('k')
    advance(30_000)
    store.active = false
    // Another process has spent the rest.
    await limiter(rule).check('k', { cost: 2 })
    for (let i = 0; i < 5; i++) expect(await api.check('k')).toMatchObject({ status: 'denied' })
    advance(60_000)
    expect(await api.check('k', { cost: 2 })).toMatchObject({ status: 'allowed' })
  })
})
