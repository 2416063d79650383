import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { createLarder, type LimitOutcome, memory } from '../../src/index.js'
import { failing, lossy } from '../../src/testing/faults.js'

// Hundreds of random histories each, on a machine that may have other work.
vi.setConfig({ testTimeout: 60_000 })

function setUp(fault?: typeof failing) {
  let nowMs = 1_700_000_000_123
  const now = () => nowMs
  const inner = memory({ now })
  const adapter = fault ? fault(inner, { active: false }) : inner
  const larder = createLarder({ adapter, now, store: { breaker: { failures: 1_000_000 } } })
  return {
    ...larder,
    store: adapter as ReturnType<typeof failing>,
    atOnce: (limit: number) => larder.limiter({ prefix: 'jobs', limit, per: '30s', algorithm: 'concurrency' }),
    now,
    advance(ms: number) {
      nowMs += ms
    },
    async state() {
      const entries = (await inner.client()) as Map<string, { value: string; expiresAtMs: number }>
      return [...entries].map(([key, { value, expiresAtMs }]) => [key, value, expiresAtMs])
    },
  }
}

test('so many at once: the next comes in when one is released', async () => {
  const { atOnce } = setUp()
  const jobs = atOnce(2)
  const [first, second, third] = [await jobs.check('k'), await jobs.check('k'), await jobs.check('k')]
  expect([first.allowed, second.allowed, third.allowed]).toEqual([true, true, false])
  expect(third).toMatchObject({ status: 'denied', remaining: 0, retryAfterMs: 30_000 })
  expect(third.release).toBeUndefined()
  await first.release?.()
  expect(await jobs.check('k')).toMatchObject({ allowed: true, remaining: 0 })
})

test('a release counts once, and never frees the place of another', async () => {
  const { atOnce, advance } = setUp()
  const jobs = atOnce(1)
  const first = await jobs.check('k')
  await Promise.all([first.release?.(), first.release?.()])
  const second = await jobs.check('k')
  await first.release?.()
  expect((await jobs.check('k')).allowed).toBe(false)
  advance(30_000)
  const third = await jobs.check('k')
  await second.release?.()
  expect((await jobs.check('k')).allowed).toBe(false)
  await third.release?.()
  expect((await jobs.peek('k')).remaining).toBe(1)
})

test('a holder that crashed gives its place back when its time is over', async () => {
  const { atOnce, advance, state } = setUp()
  const jobs = atOnce(1)
  await jobs.check('k')
  advance(29_999)
  expect(await jobs.check('k')).toMatchObject({ allowed: false, retryAfterMs: 1 })
  advance(1)
  expect(await jobs.check('k')).toMatchObject({ allowed: true })
  advance(30_000)
  await jobs.peek('k')
  expect(await state()).toEqual([])
})

test('never more holders than the limit, whoever comes, leaves and crashes when; denials change nothing', async () => {
  const act = fc.record({
    pauseMs: fc.oneof(fc.constant(0), fc.nat(40_000)),
    act: fc.constantFrom('take', 'take', 'release', 'crash'),
    cost: fc.integer({ min: 1, max: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 60 }), async (steps) => {
      const { atOnce, advance, now, state } = setUp()
      const jobs = atOnce(4)
      let holders: { outcome: LimitOutcome; cost: number; untilMs: number }[] = []
      for (const { pauseMs, act, cost } of steps) {
        advance(pauseMs)
        holders = holders.filter(({ untilMs }) => untilMs > now())
        const held = holders.reduce((sum, holder) => sum + holder.cost, 0)
        if (act === 'take') {
          const before = await state()
          const outcome = await jobs.check('k', { cost })
          expect(outcome.allowed).toBe(held + cost <= 4)
          expect(outcome.remaining).toBe(outcome.allowed ? 4 - held - cost : 4 - held)
          if (outcome.allowed) holders.push({ outcome, cost, untilMs: now() + 30_000 })
          else expect(await state()).toEqual(before)
        } else if (act === 'release') await holders.shift()?.outcome.release?.()
        // A holder that crashes says nothing: it goes on counting.
        const ends = holders.map(({ untilMs }) => untilMs)
        const keys = (await state()).filter(([, , endsAtMs]) => (endsAtMs as number) > now())
        expect(keys.map(([, , endsAtMs]) => endsAtMs)).toEqual(ends.length ? [Math.max(...ends)] : [])
      }
    }),
    { numRuns: 1_000 },
  )
})

test('200 at once: exactly the limit get a place', async () => {
  const { atOnce } = setUp()
  const jobs = atOnce(20)
  const outcomes = await Promise.all(Array.from({ length: 200 }, () => jobs.check('k')))
  expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(20)
})

test('a method holds its place while it runs, and gives it back whatever it does', async () => {
  const { rateLimited } = setUp()
  let running = 0
  let most = 0
  const work = rateLimited(
    { prefix: 'work', limit: 3, per: '30s', algorithm: 'concurrency' },
    async (fails: boolean) => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      if (fails) throw new Error('the method’s own')
      return 'done'
    },
  )
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => work(i % 2 === 0)))
  expect(most).toBe(3)
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(results.filter((one) => one.status === 'rejected' && one.reason.message === 'the method’s own')).toHaveLength(
    2,
  )
  for (let i = 0; i < 10; i++) expect(await work(false)).toBe('done')
})

test('a method that runs for longer than `per` goes on, and no longer counts: its place is not renewed', async () => {
  const { rateLimited, advance } = setUp()
  const ends: (() => void)[] = []
  const work = rateLimited(
    { prefix: 'work', limit: 1, per: '30s', algorithm: 'concurrency' },
    () => new Promise<void>((resolve) => void ends.push(resolve)),
  )
  const first = work()
  await vi.waitUntil(() => ends.length === 1)
  advance(29_999)
  await expect(work()).rejects.toMatchObject({ code: 'ERR_RATE_LIMITED', retryAfterMs: 1 })
  advance(1)
  const second = work()
  await vi.waitUntil(() => ends.length === 2)
  ends[0]?.()
  await first
  await expect(work()).rejects.toMatchObject({ code: 'ERR_RATE_LIMITED' })
  ends[1]?.()
  await second
})

test('a place is given back when it is `onOutcome` that fails', async () => {
  const { rateLimited } = setUp()
  const options = { prefix: 'jobs', limit: 1, per: '30s', algorithm: 'concurrency' } as const
  let fails = true
  const onOutcome = () => {
    if (fails) throw new Error('no headers left')
  }
  const job = rateLimited({ ...options, onOutcome }, async () => 'done')
  await expect(job()).rejects.toThrow('no headers left')
  fails = false
  expect(await job()).toBe('done')
})

test('together with a rate: who finds no place spends none of the rate', async () => {
  const { limiter } = setUp()
  const jobs = limiter({
    prefix: 'jobs',
    limits: [
      { limit: 1, per: '30s', algorithm: 'concurrency' },
      { limit: 3, per: '1m' },
    ],
  })
  const first = await jobs.check('k')
  for (let i = 0; i < 5; i++) expect((await jobs.check('k')).allowed).toBe(false)
  await first.release?.()
  const second = await jobs.check('k')
  expect(second).toMatchObject({ allowed: true, policies: [{ remaining: 0 }, { remaining: 1 }] })
  await second.release?.()
  expect((await jobs.peek('k')).policies).toMatchObject([{ remaining: 1 }, { remaining: 1 }])
})

test('a place whose taking was not answered is given back', async () => {
  const { atOnce, store } = setUp(lossy)
  const jobs = atOnce(1)
  store.active = true
  const outcome = await jobs.check('k')
  expect(outcome).toMatchObject({ status: 'undecided', allowed: true })
  store.active = false
  await outcome.release?.()
  await vi.waitFor(async () => expect((await jobs.peek('k')).remaining).toBe(1))
})

test('without the store, this process hands out places alone, and those count when the store is back', async () => {
  const { atOnce, store } = setUp(failing)
  const jobs = atOnce(2)
  store.active = true
  const [first, second, third] = [await jobs.check('k'), await jobs.check('k'), await jobs.check('k')]
  expect([first, second, third].map(({ status, allowed }) => [status, allowed])).toEqual([
    ['undecided', true],
    ['undecided', true],
    ['undecided', false],
  ])
  store.active = false
  expect(await jobs.check('k')).toMatchObject({ allowed: false })
  await first.release?.()
  const fourth = await jobs.check('k')
  expect(fourth).toMatchObject({ status: 'allowed' })
  await Promise.all([second.release?.(), fourth.release?.()])
  expect(await jobs.peek('k')).toMatchObject({ status: 'allowed', remaining: 2 })
})
