import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLarder, type LarderOptions, memory } from '../../src/index.js'
import { deadlines } from '../../src/platform/deadlines.js'
import { counting } from '../../src/testing/counting.js'
import { failing, hanging } from '../../src/testing/faults.js'

// Loaded by the first that waits, which takes real time.
beforeAll(() => import('../../src/lock/wait.js'))
beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const setUp = (adapter = memory(), options: LarderOptions = {}) => createLarder({ adapter, ...options })
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('callers of one process', () => {
  test('stand in one line: each is served in its turn, and only the first asks the store', async () => {
    const store = counting(memory())
    const { locks } = setUp(store)
    const served: number[] = []
    const all = Array.from({ length: 16 }, async (_, caller) => {
      const lock = await locks.acquire('job', { wait: '1m', extend: false })
      served.push(caller)
      await sleep(5)
      await lock.release()
    })
    await vi.advanceTimersByTimeAsync(16 * 5)
    await Promise.all(all)
    expect(served).toEqual(Array.from({ length: 16 }, (_, caller) => caller))
    // One take for each, and none in vain.
    expect(store.commands).toMatchObject({ run: 16, deleteIf: 16 })
  })

  test('do without a subscription while the lock goes quickly from one to the next', async () => {
    const store = counting(memory())
    const { locks } = setUp(store)
    const [first, second, third] = [1, 2, 3].map(() => locks.acquire('job', { wait: '1m' }))
    for (const next of [first, second]) {
      await vi.advanceTimersByTimeAsync(99)
      expect(store.commands.subscribe).toBeUndefined()
      await (await next)?.release()
    }
    // Somebody holds it for longer: others might take it away meanwhile.
    const last = locks.acquire('job', { wait: '1m' })
    const lock = await third
    await vi.advanceTimersByTimeAsync(101)
    expect(store.commands.subscribe).toBe(1)
    await lock?.release()
    await (await last).release()
  })

  test('of two toolkits over one adapter are woken by each other, at once', async () => {
    const adapter = memory()
    const first = await setUp(adapter).locks.acquire('job')
    const waiting = setUp(adapter).locks.acquire('job')
    await vi.advanceTimersByTimeAsync(3_000)
    await first.release()
    await vi.advanceTimersByTimeAsync(0)
    expect((await waiting).fence).toBe(first.fence + 1)
  })

  test('who gives up leaves the line, and those behind move up', async () => {
    const { locks } = setUp()
    const holder = await locks.acquire('job')
    const head = locks.acquire('job', { wait: '1m' })
    const impatient = locks.acquire('job', { wait: '1s' }).catch((error: unknown) => error)
    const controller = new AbortController()
    const aborted = locks.acquire('job', { wait: '1m', signal: controller.signal }).catch((error: unknown) => error)
    const last = locks.acquire('job', { wait: '1m' })
    await vi.advanceTimersByTimeAsync(500)
    const reason = new Error('shutting down')
    controller.abort(reason)
    expect(await aborted).toBe(reason)
    await vi.advanceTimersByTimeAsync(500)
    expect(await impatient).toMatchObject({ code: 'ERR_LOCK_BUSY', waitedMs: 1_000 })
    await holder.release()
    await vi.advanceTimersByTimeAsync(0)
    await (await head).release()
    await vi.advanceTimersByTimeAsync(0)
    expect((await last).fence).toBe(holder.fence + 2)
  })

  test('a waiter whose head gives up becomes the head', async () => {
    const { locks } = setUp()
    const holder = await locks.acquire('job')
    const head = locks.acquire('job', { wait: '1s' }).catch((error: unknown) => error)
    const next = locks.acquire('job', { wait: '1m' })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await head).toMatchObject({ code: 'ERR_LOCK_BUSY' })
    await vi.advanceTimersByTimeAsync(10_000)
    await holder.release()
    await vi.advanceTimersByTimeAsync(0)
    expect((await next).fence).toBe(holder.fence + 1)
  })

  test('all learn at once that the store has failed, within one budget', async () => {
    for (const fault of [failing, hanging]) {
      const { locks } = setUp(fault(memory()))
      const started = Date.now()
      const all = Promise.all(
        Array.from({ length: 50 }, () => locks.acquire('job').catch((error: { code: string }) => error.code)),
      )
      await vi.advanceTimersByTimeAsync(251)
      expect(new Set(await all)).toEqual(new Set(['ERR_LOCK_STORE']))
      expect(Date.now() - started).toBeLessThanOrEqual(251)
    }
  })

  test('leave nothing behind: no timer, no listener', async () => {
    const { locks } = setUp()
    const holder = await locks.acquire('job')
    const waiting = locks.acquire('job')
    const busy = locks.acquire('job', { wait: '1s' }).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(1_000)
    await busy
    await holder.release()
    await vi.advanceTimersByTimeAsync(0)
    await (await waiting).release()
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('forceRelease lets the next in', async () => {
  const { locks } = setUp()
  const holder = await locks.acquire('job')
  const waiting = locks.acquire('job', { wait: '1m' })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await locks.forceRelease('job')).toBe(true)
  await vi.advanceTimersByTimeAsync(0)
  expect((await waiting).fence).toBe(holder.fence + 1)
  await expect(holder.extend()).rejects.toMatchObject({ code: 'ERR_LOCK_LOST' })
})

describe('what is left of an invocation', () => {
  test('caps the time of the lock, at the take and at each extension', async () => {
    const { locks } = setUp()
    const endsAtMs = Date.now() + 20_000
    const lock = await locks.acquire('job', { ttl: '15s', remainingMs: () => endsAtMs - Date.now() })
    await vi.advanceTimersByTimeAsync(12_000)
    expect(lock.expiresAtMs).toBeGreaterThan(endsAtMs - 300)
    expect(lock.expiresAtMs).toBeLessThanOrEqual(endsAtMs)
    const other = await locks.acquire('other', { ttl: '1h', remainingMs: () => endsAtMs - Date.now() })
    expect(other.expiresAtMs).toBeLessThanOrEqual(endsAtMs)
    await vi.advanceTimersByTimeAsync(8_000)
    expect(lock.signal.aborted).toBe(true)
    expect(await locks.isHeld('job')).toBe(false)
    expect(await locks.isHeld('other')).toBe(false)
  })

  test('is not asked for again and again: no extension can give more', async () => {
    const store = counting(memory())
    const { locks } = setUp(store)
    const endsAtMs = Date.now() + 3_000
    const lock = await locks.acquire('job', { remainingMs: () => endsAtMs - Date.now() })
    await vi.advanceTimersByTimeAsync(2_500)
    expect(store.commands.expireIf).toBeUndefined()
    // What the clocks may differ by shrinks with what is left: the lock lasts almost to the end.
    await vi.advanceTimersByTimeAsync(490)
    expect(lock.signal.aborted).toBe(false)
    expect(store.commands.expireIf).toBeLessThanOrEqual(3)
    await vi.advanceTimersByTimeAsync(10)
    expect(lock.signal.aborted).toBe(true)
  })

  test('caps the wait', async () => {
    const { locks } = setUp()
    await locks.acquire('job')
    const waiting = locks.acquire('job', { wait: '1m', remainingMs: () => 700 }).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(700)
    expect(await waiting).toMatchObject({ code: 'ERR_LOCK_BUSY', waitedMs: 700 })
  })

  test('is known by itself in a wrapped handler', async () => {
    const { locks } = setUp()
    const deadline = { atMs: performance.now() + 700 }
    deadlines().add(deadline)
    const lock = await locks.acquire('job')
    expect(lock.expiresAtMs).toBeLessThanOrEqual(Date.now() + 700)
    const waiting = locks.acquire('job', { extend: false }).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(701)
    expect(await waiting).toMatchObject({ code: 'ERR_LOCK_BUSY', waitedMs: 700 })
    deadlines().delete(deadline)
  })

  test('when it is nothing, the store is not asked and the body does not run', async () => {
    const store = counting(memory())
    const { withLock } = setUp(store)
    const body = vi.fn(async () => 1)
    await expect(withLock('job', body, { remainingMs: () => 0 })).rejects.toMatchObject({ code: 'ERR_LOCK_BUSY' })
    expect(body).not.toHaveBeenCalled()
    expect(store.commands).toEqual({})
  })
})

test('a take whose answer came later than the lock lasts is no lock', async () => {
  const adapter = memory()
  const late = { ...adapter, name: 'late' }
  late.run = async (...call) => {
    const answer = await adapter.run(...call)
    await sleep(200)
    return answer
  }
  const { locks } = setUp(late)
  const lock = locks.tryAcquire('job', { ttl: '100ms' })
  await vi.advanceTimersByTimeAsync(200)
  expect(await lock).toBeNull()
})

test('of two extensions under way, the second goes out when the first has ended', async () => {
  const adapter = memory()
  const { locks } = setUp(adapter)
  const lock = await locks.acquire('job', { extend: false })
  await Promise.all([lock.extend('5s'), lock.extend('1h')])
  expect(lock.expiresAtMs).toBeGreaterThan(Date.now() + 3_500_000)
  await Promise.all([lock.extend('1h'), lock.extend('5s')])
  expect(lock.expiresAtMs).toBeLessThan(Date.now() + 5_000)
})
