import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { currentLoad } from '../../../src/index.js'
import { createOrigin, setUp, turns } from '../../support/origin.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A function with a stale result in the window for errors, about to load. */
async function withStale(own: object = {}) {
  const toolkit = setUp()
  const origin = createOrigin<string>()
  const find = toolkit.cached({ ttl: '1m', prefix: 'find', staleIfError: '1h', ...own }, origin.load)
  const first = find()
  await turns()
  origin.calls[0]?.resolve('old')
  await first
  toolkit.advance(60_000)
  return { ...toolkit, calls: origin.calls, find }
}

describe('softTimeout', () => {
  test('serves the stale result when the method takes longer, and the load goes on', async () => {
    const { find, calls, settled, events } = await withStale({ softTimeout: '50ms' })
    const slow = find()
    await turns()
    await vi.advanceTimersByTimeAsync(49)
    expect(events.at(-1)?.type).not.toBe('stale')
    await vi.advanceTimersByTimeAsync(1)
    expect(await slow).toBe('old')
    expect(events.at(-1)).toMatchObject({ type: 'stale', reason: 'slow' })
    calls[1]?.resolve('new')
    await settled()
    expect(events.at(-1)).toMatchObject({ type: 'refresh', reason: 'stale' })
    expect(await find()).toBe('new')
  })

  test('waits for a method that is quick enough', async () => {
    const { find, calls } = await withStale({ softTimeout: '50ms' })
    const quick = find()
    await turns()
    await vi.advanceTimersByTimeAsync(49)
    calls[1]?.resolve('new')
    expect(await quick).toBe('new')
    expect(vi.getTimerCount()).toBe(0)
  })

  test('callers share the load, and each waits its own time', async () => {
    const { find, calls } = await withStale({ softTimeout: '50ms' })
    const early = find()
    await turns()
    await vi.advanceTimersByTimeAsync(30)
    const late = find()
    await turns()
    await vi.advanceTimersByTimeAsync(20)
    expect(await early).toBe('old')
    calls[1]?.resolve('new')
    expect(await late).toBe('new')
    expect(calls).toHaveLength(2)
  })

  test('a load that fails after it was too slow is told as an event, and pauses', async () => {
    const { find, calls, settled, events } = await withStale({ softTimeout: 0 })
    const slow = find()
    await turns()
    await vi.advanceTimersByTimeAsync(1)
    expect(await slow).toBe('old')
    const failure = new Error('origin')
    calls[1]?.reject(failure)
    await settled()
    expect(events.at(-1)).toMatchObject({ type: 'refresh', error: failure })
    expect(await find()).toBe('old')
    expect(calls).toHaveLength(2)
  })

  test('without a stale result there is nothing to serve: the call waits', async () => {
    const { cached } = setUp()
    const { load, calls } = createOrigin<string>()
    const find = cached({ ttl: '1m', prefix: 'find', staleIfError: '1h', softTimeout: '50ms' }, load)
    const cold = find()
    await turns()
    await vi.advanceTimersByTimeAsync(10_000)
    calls[0]?.resolve('new')
    expect(await cold).toBe('new')
  })
})

describe('hardTimeout', () => {
  const options = { ttl: '1m', prefix: 'find', hardTimeout: '2s' } as const

  test('gives the load up: all waiting callers get a typed error, and the origin is called once', async () => {
    const { cached } = setUp()
    const { load, calls } = createOrigin<string>()
    const find = cached(options, load)
    const waiting = Promise.allSettled([find(), find(), find()])
    await turns()
    await vi.advanceTimersByTimeAsync(2_000)
    for (const settled of await waiting) {
      expect(settled).toMatchObject({
        reason: { code: 'ERR_LOAD_TIMEOUT', message: expect.stringContaining('2000 ms') },
      })
    }
    expect(calls).toHaveLength(1)
  })

  test('what the method still brings is dropped, and what it still throws is nobody`s rejection', async () => {
    const { cached } = setUp()
    const { load, calls } = createOrigin<string>()
    const find = cached(options, load)
    for (const late of ['resolve', 'reject'] as const) {
      const given = find().catch((error) => error.code)
      await turns()
      await vi.advanceTimersByTimeAsync(2_000)
      expect(await given).toBe('ERR_LOAD_TIMEOUT')
      calls.at(-1)?.[late]('late' as never)
      await turns()
    }
    const next = find()
    await turns()
    calls.at(-1)?.resolve('in time')
    expect(await next).toBe('in time')
    expect(vi.getTimerCount()).toBe(0)
  })

  test('within staleIfError the stale result is served instead, and a pause begins', async () => {
    const { find, calls } = await withStale({ hardTimeout: '2s' })
    const given = find()
    await turns()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await given).toBe('old')
    expect(await find()).toBe('old')
    expect(calls).toHaveLength(2)
  })

  test('aborts the signal that the method has asked for', async () => {
    const { cached } = setUp()
    const find = cached(options, () => {
      const { signal } = currentLoad()
      return new Promise<string>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    })
    const given = find().catch((error) => error)
    await turns()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await given).toMatchObject({ code: 'ERR_LOAD_TIMEOUT' })
  })

  test('a refresh in the background is given up as well', async () => {
    const { find, calls, settled, events } = await withStale({ staleWhileRevalidate: '1h', hardTimeout: '2s' })
    expect(await find()).toBe('old')
    await turns()
    await vi.advanceTimersByTimeAsync(2_000)
    await settled()
    expect(events.at(-1)).toMatchObject({ type: 'refresh', error: { code: 'ERR_LOAD_TIMEOUT' } })
    expect(calls).toHaveLength(2)
  })
})
