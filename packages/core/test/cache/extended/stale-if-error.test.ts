import { describe, expect, test, vi } from 'vitest'
import { memory } from '../../../src/index.js'
import { counting, expectCommands, failing } from '../../../src/testing/index.js'
import { createOrigin, setUp, turns } from '../../support/origin.js'

const options = { ttl: '1m', prefix: 'find', staleIfError: '1h' } as const

/** A function whose origin fails from its second call on, until told otherwise. */
function failingLater(own: object = {}) {
  const toolkit = setUp()
  const failure = new Error('origin')
  const origin = { fails: false }
  const load = vi.fn(async (_id?: string) => {
    if (origin.fails) throw failure
    return `value ${load.mock.calls.length}`
  })
  return { ...toolkit, failure, origin, load, find: toolkit.cached({ ...options, ...own }, load) }
}

describe('while the origin works', () => {
  test('a result is not served after its ttl', async () => {
    const { find, advance } = failingLater()
    await find()
    advance(60_000)
    expect(await find()).toBe('value 2')
  })
})

describe('when the load fails', () => {
  test('the stale result is served, and the error is not', async () => {
    const { find, advance, origin, events } = failingLater()
    await find()
    origin.fails = true
    advance(90_000)
    expect(await find()).toBe('value 1')
    expect(events).toContainEqual(expect.objectContaining({ type: 'stale', reason: 'failed', ageMs: 30_000 }))
  })

  test('after the window the error comes through', async () => {
    const { find, advance, origin, failure } = failingLater()
    await find()
    origin.fails = true
    advance(60_000 + 3_600_000)
    await expect(find()).rejects.toBe(failure)
  })

  test('20 waiting callers are one call of the origin, and each gets the stale result', async () => {
    const { cached, advance } = setUp()
    const { load, calls } = createOrigin<string>()
    const find = cached(options, load)
    const first = find('a')
    await turns()
    calls[0]?.resolve('old')
    await first
    advance(60_000)
    const waiting = Array.from({ length: 20 }, () => find('a'))
    await turns()
    expect(calls).toHaveLength(2)
    calls[1]?.reject(new Error('origin'))
    expect(await Promise.all(waiting)).toEqual(Array(20).fill('old'))
  })

  test('20 waiting callers without a stale result are one call, and each gets the very error of the origin', async () => {
    const { cached } = setUp()
    const { load, calls } = createOrigin<string>()
    const find = cached(options, load)
    const waiting = Array.from({ length: 20 }, () => find('a'))
    await turns()
    expect(calls).toHaveLength(1)
    const failure = new Error('origin')
    calls[0]?.reject(failure)
    for (const settled of await Promise.allSettled(waiting)) {
      expect((settled as PromiseRejectedResult).reason).toBe(failure)
    }
  })

  test('the origin is called once per pause, which doubles up to 30 s; meanwhile the stale result is served', async () => {
    const { find, advance, origin, load } = failingLater()
    await find()
    origin.fails = true
    advance(60_000)
    const attempts: number[] = []
    for (let second = 0; second < 100; second++) {
      const before = load.mock.calls.length
      expect(await Promise.all(Array.from({ length: 20 }, () => find()))).toEqual(Array(20).fill('value 1'))
      if (load.mock.calls.length > before) attempts.push(second)
      advance(1_000)
    }
    expect(attempts).toEqual([0, 1, 3, 7, 15, 31, 61, 91])
  })

  test('without a stale result the pause is always 1 s, and callers get the error of the last attempt', async () => {
    const { cached, advance } = setUp()
    const load = vi.fn(async (): Promise<string> => {
      throw new Error(`attempt ${load.mock.calls.length}`)
    })
    const find = cached(options, load)
    const attempts: number[] = []
    for (let tenth = 0; tenth < 35; tenth++) {
      const before = load.mock.calls.length
      await expect(find()).rejects.toThrow(`attempt ${Math.floor(tenth / 10) + 1}`)
      if (load.mock.calls.length > before) attempts.push(tenth / 10)
      advance(100)
    }
    expect(attempts).toEqual([0, 1, 2, 3])
  })

  test('without the option an error is not kept', async () => {
    const { cached } = setUp()
    const load = vi.fn(async () => {
      throw new Error('origin')
    })
    const find = cached({ ttl: '1m', prefix: 'find', staleWhileRevalidate: '1m' }, load)
    await expect(find()).rejects.toThrow('origin')
    await expect(find()).rejects.toThrow('origin')
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('each key has a pause of its own', async () => {
    const { find, origin, load } = failingLater()
    origin.fails = true
    await expect(find('a')).rejects.toThrow()
    await expect(find('b')).rejects.toThrow()
    await expect(find('a')).rejects.toThrow()
    expect(load.mock.calls.flat()).toEqual(['a', 'b'])
  })

  test('an eviction ends the pause, and what was evicted is not served', async () => {
    const { find, advance, origin, failure, load } = failingLater()
    await find()
    origin.fails = true
    advance(60_000)
    await find()
    await find.evict()
    await expect(find()).rejects.toBe(failure)
    expect(load).toHaveBeenCalledTimes(3)
  })

  test('evicting a tag or the method does too', async () => {
    const { find, advance, origin, failure, cache } = failingLater({ tags: ['t'] })
    await find()
    origin.fails = true
    advance(60_000)
    expect(await find()).toBe('value 1')
    await cache.evictTags('t')
    await expect(find()).rejects.toBe(failure)
    await find.evictAll()
    await expect(find()).rejects.toBe(failure)
  })

  test('together with staleWhileRevalidate: at once in its window, with an attempt first after it', async () => {
    const { find, advance, origin, load, settled } = failingLater({ staleWhileRevalidate: '10s' })
    await find()
    origin.fails = true
    advance(69_999)
    expect(await find()).toBe('value 1')
    await settled()
    advance(5_000)
    expect(await find()).toBe('value 1')
    expect(load).toHaveBeenCalledTimes(3)
    origin.fails = false
    advance(5_000)
    expect(await find()).toBe('value 4')
  })
})

describe('the bill', () => {
  test('a call in a pause is one command', async () => {
    const store = counting(memory({ now: () => clock.now() }))
    const clock = setUp({ adapter: store })
    let fails = false
    const find = clock.cached(options, async () => {
      if (fails) throw new Error('origin')
      return 1
    })
    await find()
    fails = true
    clock.advance(60_000)
    await expectCommands(store, { getMany: 1 }, find)
    await expectCommands(store, { getMany: 1 }, find)
  })
})

describe('when the store is down', () => {
  test('the method runs, its value and its error come through', async () => {
    const store = failing(memory())
    const { cached } = setUp({ adapter: store })
    const failure = new Error('origin')
    const answers = [async () => 1, async () => Promise.reject(failure)]
    const find = cached(options, async () => answers.shift()?.())
    expect(await find()).toBe(1)
    await expect(find()).rejects.toBe(failure)
  })
})
