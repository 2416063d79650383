import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLarder, type LimiterOptions, memory } from '../../src/index.js'
import { counting } from '../../src/testing/counting.js'
import { failing } from '../../src/testing/faults.js'
import { intercept } from '../../src/testing/intercept.js'

// Timers and clock are the runner's: a wait takes no time but on paper. The engine is loaded before.
beforeEach(() => {
  vi.useFakeTimers()
  vi.setSystemTime(1_700_000_000_000)
})
afterEach(() => {
  vi.useRealTimers()
})

const rule = { prefix: 'api', limit: 2, per: '1s' } as const

async function setUp() {
  const store = counting(memory())
  const { limiter } = createLarder({ adapter: store, now: Date.now })
  const api = limiter(rule)
  await api.peek('warm')
  const commands = () => store.commands.run ?? 0
  return { api, limiter, commands, before: commands() }
}

test('a call that may pass does so at once', async () => {
  const { api } = await setUp()
  expect(await api.waitUntilAllowed('k')).toMatchObject({ allowed: true, remaining: 1 })
})

test('it sleeps for exactly retryAfterMs, and asks twice in all', async () => {
  const { api, commands, before } = await setUp()
  await api.check('k', { cost: 2 })
  const done = vi.fn()
  const waiting = api.waitUntilAllowed('k').then(done)
  await vi.advanceTimersByTimeAsync(999)
  expect(done).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  await waiting
  expect(done).toHaveBeenCalledOnce()
  expect(commands() - before).toBe(3)
})

test('calls for one key pass in the order in which they came, and only the first of them asks', async () => {
  const { api, commands, before } = await setUp()
  const order: number[] = []
  const waiting = Promise.all(Array.from({ length: 10 }, (_, i) => api.waitUntilAllowed('k').then(() => order.push(i))))
  await vi.advanceTimersByTimeAsync(3_999)
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  await vi.advanceTimersByTimeAsync(1)
  await waiting
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  // Each asked once, and one more time for each window that was full.
  expect(commands() - before).toBe(10 + 4)
})

test('what cannot pass in time is refused at once', async () => {
  const { api } = await setUp()
  await api.check('k', { cost: 2 })
  const error = await api.waitUntilAllowed('k', { timeout: '999ms' }).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'ERR_RATE_LIMITED', retryAfterMs: 1_000 })
  const waiting = api.waitUntilAllowed('k', { timeout: '1s' })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await waiting).toMatchObject({ allowed: true })
})

test('timeout 0 tries once', async () => {
  const { api } = await setUp()
  expect(await api.waitUntilAllowed('k', { cost: 2, timeout: 0 })).toMatchObject({ allowed: true })
  await expect(api.waitUntilAllowed('k', { timeout: 0 })).rejects.toMatchObject({ code: 'ERR_RATE_LIMITED' })
})

test('a place in the line does not outlast the timeout', async () => {
  const { api } = await setUp()
  await api.check('k', { cost: 2 })
  const first = api.waitUntilAllowed('k')
  const second = api.waitUntilAllowed('k', { timeout: '300ms' }).catch((reason: unknown) => reason)
  await vi.advanceTimersByTimeAsync(300)
  expect(await second).toMatchObject({ code: 'ERR_RATE_LIMITED' })
  await vi.advanceTimersByTimeAsync(700)
  await first
})

describe('signal', () => {
  test('ends the wait with its reason, wherever the call stands, and holds nobody else up', async () => {
    const { api } = await setUp()
    await api.check('k', { cost: 2 })
    const [first, second] = [new AbortController(), new AbortController()]
    const waits = [
      api.waitUntilAllowed('k', { signal: first.signal }),
      api.waitUntilAllowed('k', { signal: second.signal }),
      api.waitUntilAllowed('k'),
    ].map((wait) => wait.catch((reason: unknown) => reason))
    await vi.advanceTimersByTimeAsync(100)
    second.abort(new Error('second left'))
    expect(await waits[1]).toMatchObject({ message: 'second left' })
    first.abort(new Error('first left'))
    expect(await waits[0]).toMatchObject({ message: 'first left' })
    await vi.advanceTimersByTimeAsync(900)
    expect(await waits[2]).toMatchObject({ allowed: true })
  })
  /** A store that a script is on its way to when the caller leaves. */
  function leavingMidway(rules: Partial<LimiterOptions> = {}, atScript = 1) {
    const leaving = new AbortController()
    let scripts = 0
    const store = failing(memory(), { active: false, when: () => scripts > 1 })
    const adapter = intercept(store, ({ method, proceed }) => {
      if (method !== 'run') return proceed()
      if (++scripts === atScript) leaving.abort('gone')
      return proceed()
    })
    const larder = createLarder({ adapter, now: Date.now })
    const api = larder.limiter({ ...rule, ...rules } as LimiterOptions)
    const left = () => api.waitUntilAllowed('k', { signal: leaving.signal }).catch((reason: unknown) => reason)
    return { api, left, store, events: larder.events, scripts: () => scripts }
  }
  test.each(['sliding-window', 'gcra', 'fixed-window', 'sliding-log'] as const)(
    'aborted while the store is asked, the call gives back what it has spent: %s',
    async (algorithm) => {
      const { api, left } = leavingMidway({ algorithm })
      expect(await left()).toBe('gone')
      expect(await api.peek('k')).toMatchObject({ remaining: 2 })
    },
  )
  test('and the place that it took', async () => {
    const { api, left } = leavingMidway({ algorithm: 'concurrency' })
    expect(await left()).toBe('gone')
    expect(await api.peek('k')).toMatchObject({ remaining: 2 })
  })
  test('what was not spent is not given back', async () => {
    const { api, left, scripts } = leavingMidway({ limit: 1, dryRun: true }, 2)
    await api.penalize('k')
    expect(await left()).toBe('gone')
    expect(scripts()).toBe(2)
  })
  test('where giving back fails, the reason comes all the same', async () => {
    const { left, store, events } = leavingMidway()
    const seen: string[] = []
    events.on(({ type }) => seen.push(type))
    store.active = true
    expect(await left()).toBe('gone')
    expect(seen).toContain('fallback')
  })
  test('aborted before, it is not even asked', async () => {
    const { api, commands, before } = await setUp()
    await expect(api.waitUntilAllowed('k', { signal: AbortSignal.abort('gone') })).rejects.toBe('gone')
    expect(commands()).toBe(before)
  })
})

test('a place that is released is taken soon, though it had long to run', async () => {
  const { limiter } = await setUp()
  const jobs = limiter({ prefix: 'jobs', limit: 1, per: '1h', algorithm: 'concurrency' })
  const first = await jobs.check('k')
  const waiting = jobs.waitUntilAllowed('k')
  await vi.advanceTimersByTimeAsync(10_000)
  await first.release?.()
  await vi.advanceTimersByTimeAsync(250)
  expect(await waiting).toMatchObject({ allowed: true })
})

test('while the store is away and the policy is to deny, it waits for the store, and not for the whole window', async () => {
  const store = failing(memory())
  const { limiter } = createLarder({ adapter: store, now: Date.now })
  const api = limiter({ ...rule, per: '1h', onStoreError: 'deny' })
  const waiting = api.waitUntilAllowed('k')
  await vi.advanceTimersByTimeAsync(5_000)
  store.active = false
  // The breaker pauses for two seconds at most.
  await vi.advanceTimersByTimeAsync(2_300)
  expect(await waiting).toMatchObject({ status: 'allowed' })
})

test('who is on the deny list waits for nothing', async () => {
  const { limiter } = await setUp()
  const api = limiter({ ...rule, denyList: ['mallory'] })
  await expect(api.waitUntilAllowed('mallory')).rejects.toMatchObject({ code: 'ERR_RATE_LIMITED' })
})
