import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLarder, type LarderEvent, type Lock, memory } from '../../src/index.js'
import { failing, hanging, lossy } from '../../src/testing/faults.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

// The fake timers drive Date and performance as well.
const setUp = (adapter = memory()) => {
  const events: LarderEvent[] = []
  return { ...createLarder({ adapter, onEvent: (event) => events.push(event) }), adapter, events }
}

const settle = async <T>(promise: Promise<T>, ms = 60_000): Promise<T | unknown> => {
  const caught = promise.catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(ms)
  return caught
}

describe('a lock', () => {
  test('has one holder, and is free again after its release', async () => {
    const { locks } = setUp()
    const lock = await locks.acquire('job')
    expect(await locks.tryAcquire('job')).toBeNull()
    expect(await locks.isHeld('job')).toBe(true)
    expect(await lock.release()).toBe(true)
    expect(await lock.release()).toBe(false)
    expect(await locks.isHeld('job')).toBe(false)
    expect((await locks.tryAcquire('job'))?.fence).toBeGreaterThan(lock.fence)
  })

  test('has its token as the plain value at a key of its own', async () => {
    const { locks, adapter } = setUp()
    const lock = await locks.acquire('job')
    const entries = (await adapter.client()) as Map<string, { value: string }>
    expect([...entries.values()].filter(({ value }) => value === lock.token)).toHaveLength(1)
  })

  test('fences grow strictly, across expiry and after the counter has gone', async () => {
    const { locks } = setUp()
    let last = 0
    for (const pauseMs of [0, 60_000, 3 * 86_400_000, 0, 0]) {
      await vi.advanceTimersByTimeAsync(pauseMs)
      const lock = await locks.acquire('job', { extend: false, ttl: '1s' })
      expect(lock.fence).toBeGreaterThan(last)
      last = lock.fence
      await vi.advanceTimersByTimeAsync(1_000)
    }
  })

  test('a fence counter that has ended while the lock was held begins anew above itself', async () => {
    const { locks } = setUp()
    const fences: number[] = []
    for (let day = 0; day < 3; day++) {
      const lock = await locks.acquire('job', { extend: false, ttl: '25h' })
      fences.push(lock.fence)
      await vi.advanceTimersByTimeAsync(24 * 3_600_000 + 1)
      expect(await lock.release()).toBe(true)
      for (let i = 0; i < 1_000; i++) {
        const next = await locks.acquire('job', { extend: false })
        fences.push(next.fence)
        await next.release()
      }
    }
    expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b))
    expect(fences.every(Number.isSafeInteger)).toBe(true)
  })

  test('its release and extension need no object around them', async () => {
    const { locks } = setUp()
    const { extend, release } = await locks.acquire('job')
    await extend('1m')
    expect(await release()).toBe(true)
  })

  test('is extended by itself for as long as it is held, and not a moment longer', async () => {
    const { locks } = setUp()
    const lock = await locks.acquire('job', { ttl: '3s' })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(lock.signal.aborted).toBe(false)
    expect(await locks.isHeld('job')).toBe(true)
    await lock.release()
    expect(vi.getTimerCount()).toBe(0)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await locks.isHeld('job')).toBe(false)
  })

  test('without extension, its signal aborts before the store lets another in', async () => {
    const { locks, events } = setUp()
    const lock = await locks.acquire('job', { ttl: '3s', extend: false })
    await vi.advanceTimersByTimeAsync(2_950)
    expect(lock.signal.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(49)
    expect(lock.signal.aborted).toBe(true)
    expect(lock.signal.reason).toMatchObject({ code: 'ERR_LOCK_LOST', key: 'job' })
    expect(await locks.isHeld('job')).toBe(true)
    await vi.advanceTimersByTimeAsync(1)
    expect(await locks.isHeld('job')).toBe(false)
    expect(events.at(-1)).toEqual({ type: 'lockLost', key: 'job' })
  })

  test('its signal aborts by the local deadline when the store hangs', async () => {
    const store = hanging(memory(), { active: false })
    const { locks } = setUp(store)
    const lock = await locks.acquire('job', { ttl: '3s' })
    store.active = true
    await vi.advanceTimersByTimeAsync(2_999)
    expect(lock.signal.aborted).toBe(true)
  })

  test('after a freeze past its time it is lost, before any timer has run', async () => {
    const { locks } = setUp()
    const lock = await locks.acquire('job', { ttl: '3s' })
    vi.setSystemTime(Date.now() + 10_000)
    const frozen = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 10_000)
    expect(lock.signal.aborted).toBe(true)
    await expect(lock.extend()).rejects.toMatchObject({ code: 'ERR_LOCK_LOST' })
    expect(await lock.release()).toBe(false)
    frozen.mockRestore()
  })

  test("a late release and a late extension leave the next holder's lock alone", async () => {
    const adapter = memory()
    const { locks } = setUp(adapter)
    const first = await locks.acquire('job', { ttl: '1s', extend: false })
    await locks.forceRelease('job')
    const second = await locks.acquire('job', { ttl: '30s', extend: false })
    await expect(first.extend('1h')).rejects.toMatchObject({ code: 'ERR_LOCK_LOST' })
    expect(first.signal.aborted).toBe(true)
    expect(await first.release()).toBe(false)
    expect(await locks.isHeld('job')).toBe(true)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(second.signal.aborted).toBe(false)
    expect(await second.release()).toBe(true)
  })

  test('an extension under way at the release does not revive it', async () => {
    const { locks } = setUp()
    const lock = await locks.acquire('job')
    const extending = lock.extend().catch((error: unknown) => error)
    await lock.release()
    expect(await extending).toMatchObject({ code: 'ERR_LOCK_LOST' })
    expect(await locks.isHeld('job')).toBe(false)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('extend counts from now, and moves expiresAtMs', async () => {
    const { locks } = setUp()
    const lock = await locks.acquire('job', { ttl: '10s', extend: false })
    const before = lock.expiresAtMs
    expect(before).toBeLessThanOrEqual(Date.now() + 10_000)
    expect(before).toBeGreaterThan(Date.now() + 9_800)
    await vi.advanceTimersByTimeAsync(5_000)
    await lock.extend('60s')
    expect(lock.expiresAtMs).toBeGreaterThan(before + 50_000)
    await vi.advanceTimersByTimeAsync(50_000)
    expect(lock.signal.aborted).toBe(false)
  })

  test('await using lets go at the end of the block', async () => {
    const { locks } = setUp()
    {
      await using lock = await locks.acquire('job')
      expect(lock.fence).toBeGreaterThan(0)
    }
    expect(await locks.isHeld('job')).toBe(false)
  })
})

describe('waiting', () => {
  test('takes the lock once the holder lets go', async () => {
    const { locks } = setUp()
    const first = await locks.acquire('job')
    const second = locks.acquire('job')
    await vi.advanceTimersByTimeAsync(1_000)
    await first.release()
    await vi.advanceTimersByTimeAsync(250)
    expect((await second).fence).toBeGreaterThan(first.fence)
  })

  test('ends after `wait` with who it waited for', async () => {
    const { locks } = setUp()
    await locks.acquire('job')
    expect(await settle(locks.acquire('job', { wait: '2s' }), 2_001)).toMatchObject({
      code: 'ERR_LOCK_BUSY',
      key: 'job',
    })
  })

  test('is not begun when the signal has aborted before', async () => {
    const { locks } = setUp()
    const reason = new Error('no')
    await expect(locks.tryAcquire('job', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(await locks.isHeld('job')).toBe(false)
  })

  test('0 tries once', async () => {
    const { locks } = setUp()
    await locks.acquire('job')
    await expect(locks.acquire('job', { wait: 0 })).rejects.toMatchObject({ code: 'ERR_LOCK_BUSY', waitedMs: 0 })
  })

  test('ends with the reason of an aborted signal', async () => {
    const { locks } = setUp()
    await locks.acquire('job')
    const controller = new AbortController()
    const waiting = locks.acquire('job', { signal: controller.signal }).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(100)
    const reason = new Error('shutting down')
    controller.abort(reason)
    expect(await waiting).toBe(reason)
    await expect(locks.acquire('free', { signal: controller.signal })).rejects.toBe(reason)
    expect(await locks.isHeld('free')).toBe(false)
  })

  test('takes over when a crashed holder runs out of time', async () => {
    const adapter = memory()
    const crashed = setUp(adapter)
    const { locks } = setUp(adapter)
    await crashed.locks.acquire('job', { ttl: '1s', extend: false })
    const waiting = locks.acquire('job', { wait: '5s' })
    await vi.advanceTimersByTimeAsync(1_010)
    expect((await waiting).key).toBe('job')
  })

  test('16 contenders each get it once, one at a time', async () => {
    const { withLock } = setUp()
    let inside = 0
    let most = 0
    const runs = Array.from({ length: 16 }, () =>
      withLock(
        'job',
        async () => {
          most = Math.max(most, ++inside)
          await new Promise((resolve) => setTimeout(resolve, 5))
          inside--
        },
        { wait: '1m' },
      ),
    )
    await settle(Promise.all(runs))
    expect(most).toBe(1)
  })
})

describe('withLock', () => {
  test('gives the result of its body, and lets go', async () => {
    const { withLock, locks } = setUp()
    expect(
      await withLock('job', async ({ fence, expiresAtMs, signal }) => [
        fence > 0,
        expiresAtMs > Date.now(),
        signal.aborted,
      ]),
    ).toEqual([true, true, false])
    expect(await locks.isHeld('job')).toBe(false)
  })

  test('gives the error of its body unchanged, and lets go', async () => {
    const { withLock, locks } = setUp()
    const failure = new Error('body')
    await expect(withLock('job', async () => Promise.reject(failure))).rejects.toBe(failure)
    await expect(
      withLock('job', () => {
        throw failure
      }),
    ).rejects.toBe(failure)
    expect(await locks.isHeld('job')).toBe(false)
  })

  test('the result or error of the body wins over a failing release', async () => {
    const store = failing(memory(), { when: ({ method }) => method === 'deleteIf' })
    const { withLock, events } = setUp(store)
    const failure = new Error('body')
    expect(
      await settle(
        withLock('one', async () => 'result'),
        1_000,
      ),
    ).toBe('result')
    expect(
      await settle(
        withLock('two', async () => Promise.reject(failure)),
        1_000,
      ),
    ).toBe(failure)
    expect(events.filter(({ type }) => type === 'lockReleaseFailed')).toHaveLength(2)
  })

  test('never runs its body when the store fails', async () => {
    const body = vi.fn(async () => 1)
    for (const fault of [failing, hanging, lossy]) {
      const { withLock } = setUp(fault(memory()))
      expect(await settle(withLock('job', body), 1_000)).toMatchObject({
        code: 'ERR_LOCK_STORE',
        key: 'job',
        cause: { code: 'ERR_STORE' },
      })
    }
    expect(body).not.toHaveBeenCalled()
  })

  test('a take whose answer got lost is ours by its token', async () => {
    const store = lossy(memory(), { when: ({ method }) => method === 'run' })
    const { locks } = setUp(store)
    const lock = (await settle(locks.acquire('job'), 100)) as Lock
    store.active = false
    expect(lock.fence).toBeGreaterThan(0)
    expect(await locks.isHeld('job')).toBe(true)
    expect(await lock.release()).toBe(true)
    expect((await locks.acquire('job')).fence).toBe(lock.fence + 1)
  })

  test('a take of which nothing can be learned is given back, as soon as the store answers', async () => {
    const store = lossy(memory())
    const { locks } = setUp(store)
    expect(await settle(locks.acquire('job'), 1_000)).toMatchObject({ code: 'ERR_LOCK_STORE' })
    store.active = false
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await locks.isHeld('job')).toBe(false)
    expect(vi.getTimerCount()).toBe(0)
  })
})

test.each([
  [{ ttl: 0 }, 'ttl'],
  [{ ttl: -1 }, 'ttl'],
  [{ wait: Number.NaN }, 'wait'],
  [{ ttl: '5 minutes' as never }, 'ttl'],
])('%o is refused by name', async (options, option) => {
  const { locks, withLock } = setUp()
  await expect(locks.acquire('job', options)).rejects.toMatchObject({ name: 'UsageError', option })
  expect(() => withLock('job', options)).toThrow(expect.objectContaining({ option }))
})

test('a lock needs a name', async () => {
  const { locks, withLock } = setUp()
  await expect(locks.acquire('')).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option: 'key' })
  await expect(locks.isHeld(undefined as never)).rejects.toMatchObject({ option: 'key' })
  await expect(withLock('', async () => 1)).rejects.toMatchObject({ option: 'key' })
})
