import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Adapter, createLarder, type LarderEvent, memory, type StoreError } from '../../src/index.js'
import { counting } from '../../src/testing/counting.js'
import { failing, hanging, lossy, lying } from '../../src/testing/faults.js'
import { intercept } from '../../src/testing/intercept.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function setUp(adapter: Adapter, options: Parameters<typeof createLarder>[0] = {}) {
  const events: LarderEvent[] = []
  const larder = createLarder({ adapter, onEvent: (event) => events.push(event), ...options })
  const load = vi.fn(async (id: number) => id)
  return { ...larder, events, load, find: larder.cached('1m', 'find', load) }
}

/** What a call gives, and how many milliseconds of the fake clock it took. */
async function timed<T>(call: () => Promise<T>): Promise<{ value: T; tookMs: number }> {
  const startedMs = performance.now()
  const promise = call()
  await vi.runAllTimersAsync()
  return { value: await promise, tookMs: performance.now() - startedMs }
}

describe('a cached call answers while the store', () => {
  test.each([
    ['refuses', failing],
    ['hangs', hanging],
    ['answers nonsense', lying],
    ['loses its answers', lossy],
  ])('%s', async (_, fault) => {
    const { find, events } = setUp(fault(memory()))
    for (let id = 0; id < 50; id++) {
      const { value, tookMs } = await timed(() => find(id))
      expect(value).toBe(id)
      expect(tookMs).toBeLessThanOrEqual(250)
    }
    expect(events.some(({ type }) => type === 'fallback')).toBe(true)
  })

  test('throws instead of rejecting', async () => {
    const rude = intercept(memory(), () => Promise.resolve())
    rude.getMany = () => {
      throw new Error('synchronously')
    }
    const { find } = setUp(rude)
    expect((await timed(() => find(1))).value).toBe(1)
  })

  test('fails, with one run for all concurrent callers', async () => {
    const { find, load } = setUp(failing(memory()))
    const { value } = await timed(() => Promise.all(Array.from({ length: 300 }, () => find(1))))
    expect(value).toEqual(Array.from({ length: 300 }, () => 1))
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('fails, and the error of the method comes through unchanged', async () => {
    const { cached } = setUp(failing(memory()))
    const failure = new Error('origin')
    const find = cached('1m', 'other', async () => {
      throw failure
    })
    const { value } = await timed(() => find().catch((error: unknown) => error))
    expect(value).toBe(failure)
  })
})

test('the store adds at most one budget to a call, over all its steps', async () => {
  const store = hanging(memory(), { when: ({ method }) => method === 'set' })
  const { find } = setUp(store, { store: { budget: '100ms' } })
  expect((await timed(() => find(1))).tookMs).toBeLessThanOrEqual(100)

  const slowThenHung = intercept(memory(), async ({ method, proceed }) => {
    if (method !== 'getMany') return new Promise(() => {})
    await new Promise((resolve) => setTimeout(resolve, 60))
    return proceed()
  })
  const other = setUp(slowThenHung, { store: { budget: '100ms' } })
  expect((await timed(() => other.find(1))).tookMs).toBeLessThanOrEqual(101)
})

test('budget can be set for one function', async () => {
  const { cached } = setUp(hanging(memory()))
  const find = cached({ ttl: '1m', prefix: 'quick', budget: '10ms' }, async () => 1)
  expect((await timed(find)).tookMs).toBeLessThanOrEqual(10)
})

describe('the breaker', () => {
  test('opens after 5 failures in a row, and then nothing is sent', async () => {
    const store = counting(hanging(memory()))
    const { find, events } = setUp(store)
    for (let id = 0; id < 5; id++) expect((await timed(() => find(id))).tookMs).toBe(250)
    const sent = { ...store.commands }
    for (let id = 0; id < 20; id++) expect((await timed(() => find(id))).tookMs).toBe(0)
    expect(store.commands).toEqual(sent)
    expect(events.filter(({ type }) => type === 'breaker')).toEqual([
      { type: 'breaker', adapter: 'memory', state: 'open' },
    ])
    const last = events.at(-1) as { error: StoreError }
    expect(last.error).toMatchObject({
      code: 'ERR_STORE',
      reason: 'breaker-open',
      adapter: 'memory',
      operation: 'getMany',
    })
  })

  test('lets one probe through after 2 s; a failing one keeps it open, a good one closes it', async () => {
    const fault = failing(memory())
    const store = counting(fault)
    const { find, health } = setUp(store)
    for (let id = 0; id < 6; id++) await timed(() => find(id))
    const sentBefore = store.commands.getMany as number

    await vi.advanceTimersByTimeAsync(2_000)
    await timed(() => Promise.all([find(10), find(11), find(12)]))
    // One probe, not retried: the three reads were folded into it.
    expect(store.commands.getMany).toBe(sentBefore + 1)

    fault.active = false
    await timed(() => find(20))
    expect(store.commands.getMany).toBe(sentBefore + 1)
    await vi.advanceTimersByTimeAsync(2_000)
    await timed(() => find(20))
    await timed(() => find(20))
    expect(store.commands.getMany).toBe(sentBefore + 3)
    expect(await health()).toMatchObject({ ok: true, adapters: { memory: { ok: true, breaker: 'closed' } } })
  })

  test('sends another probe after a further pause when one never ends, as its request was cancelled', async () => {
    let nowMs = 0
    const hang = hanging(memory(), { active: false })
    const fault = failing(hang, { error: Object.assign(new Error('down'), { retryable: false }) })
    const { find, cache } = setUp(fault, { now: () => nowMs })
    for (let id = 0; id < 6; id++) await find(id)
    fault.active = false
    hang.active = true
    nowMs = 2_000
    void find(10)
    // The request goes, and its timers with it.
    await vi.advanceTimersByTimeAsync(0)
    vi.clearAllTimers()
    hang.active = false
    nowMs = 3_999
    await find(11)
    expect(cache.stats().misses).toBe(0)
    nowMs = 4_000
    await find(11)
    expect(cache.stats().misses).toBe(1)
  })

  test('a success in between starts the count anew', async () => {
    const fault = failing(memory(), { active: false })
    const { find, health } = setUp(fault)
    for (let id = 0; id < 20; id++) {
      fault.active = id % 5 !== 0
      await timed(() => find(id))
    }
    fault.active = false
    expect((await health()).adapters.memory?.breaker).toBe('closed')
  })
})

describe('retries', () => {
  test('a read that fails at once is sent once more', async () => {
    let failures = 1
    const store = counting(failing(memory(), { when: ({ method }) => method === 'getMany' && failures-- > 0 }))
    const { find, events } = setUp(store)
    expect((await timed(() => find(1))).value).toBe(1)
    expect(store.commands.getMany).toBe(2)
    expect(events.map(({ type }) => type)).not.toContain('fallback')
  })

  test('a rate-limit check and a lock take are never sent twice', async () => {
    const store = counting(lossy(memory(), { when: ({ method }) => method === 'run' }))
    const { limiter, locks } = setUp(store)
    const { value } = await timed(() => limiter({ prefix: 'api', limit: 5, per: '1m' }).check('k'))
    expect(value).toMatchObject({ status: 'undecided', reason: 'unavailable' })
    expect(store.commands.run).toBe(1)
    // The answer is lost, and that the lock is ours is read from the store.
    const { value: lock } = await timed(() => locks.acquire('l', { extend: false }))
    expect(lock).toMatchObject({ key: 'l' })
    expect(store.commands.run).toBe(2)
  })
})

describe('reads of one tick', () => {
  test('go out as one command, each key once, and a lone hit is one command', async () => {
    const store = counting(memory())
    const { find } = setUp(store)
    const ids = Array.from({ length: 256 }, (_, id) => id)
    await timed(() => Promise.all(ids.map((id) => find(id))))
    const before = store.commands.getMany as number
    const { value } = await timed(() => Promise.all([...ids, ...ids].map((id) => find(id))))
    expect(value).toEqual([...ids, ...ids])
    expect(store.commands.getMany).toBe(before + 1)
    await timed(() => find(1))
    expect(store.commands.getMany).toBe(before + 2)
  })

  test('are split where there are very many keys', async () => {
    const sizes: number[] = []
    const store = intercept(memory({ maxEntries: 1e6 }), ({ method, args, proceed }) => {
      if (method === 'getMany') sizes.push((args[0] as string[]).length)
      return proceed()
    })
    const { find } = setUp(store)
    const ids = Array.from({ length: 2_500 }, (_, id) => id)
    expect((await timed(() => Promise.all(ids.map((id) => find(id))))).value).toEqual(ids)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000)
    expect(sizes.length).toBeLessThanOrEqual(3)
  })
})

describe('the bill', () => {
  test('a hit with three tags is one command; a miss and its fill are two once the tags are known', async () => {
    const store = counting(memory())
    const larder = createLarder({ adapter: store })
    const find = larder.cached(
      { ttl: '1m', prefix: 'find', tags: (id) => ['a', 'b', `id:${id % 2}`] },
      async (id: number) => id,
    )
    const spent = async (call: () => Promise<unknown>) => {
      const total = () => Object.values(store.commands).reduce((sum, count) => sum + count, 0)
      const before = total()
      await call()
      return total() - before
    }
    await find(0)
    expect(await spent(() => find(0))).toBe(1)
    expect(await spent(() => find(2))).toBe(2)
    // One tag never seen before.
    expect(await spent(() => find(1))).toBe(3)
    expect(await spent(() => find.evict(1))).toBe(1)
    expect(await spent(() => find.evictAll())).toBe(1)
    expect(await spent(() => larder.cache.evictTags(['a', 'b']))).toBe(2)
    expect(await spent(() => larder.cache.clear())).toBe(1)
    expect(await spent(() => larder.limiter({ prefix: 'l', limit: 1, per: 1 }).check('k'))).toBe(1)
    const lock = await larder.locks.acquire('k')
    expect(await spent(() => lock.extend())).toBe(1)
    expect(await spent(() => lock.release())).toBe(1)
  })
})

test('explicit eviction rejects with a typed error when the store fails', async () => {
  const { find, cache } = setUp(failing(memory()))
  for (const evict of [() => find.evict(1), () => find.evictAll(), () => cache.evictTags('t'), () => cache.clear()]) {
    const { value } = await timed(() => evict().catch((error: unknown) => error))
    expect(value).toMatchObject({ code: 'ERR_STORE', name: 'StoreError', adapter: 'memory', operation: 'set' })
  }
})

test('health never rejects', async () => {
  const { health } = setUp(hanging(memory()))
  const { value, tookMs } = await timed(health)
  expect(value).toMatchObject({ ok: false, adapters: { memory: { ok: false, roundTripMs: undefined } } })
  expect(tookMs).toBe(250)
})

test('an answer that came while the process was busy is taken, however late', async () => {
  vi.useRealTimers()
  const nextTurn = intercept(memory(), async ({ proceed }) => {
    const answer = await proceed()
    // As from a socket: it is read in the turn of the event loop after the one that was busy.
    await new Promise((resolve) => setImmediate(resolve))
    return answer
  })
  const { find, load } = setUp(nextTurn, { store: { budget: '20ms' } })
  await find(1)
  const hit = find(1)
  await Promise.resolve()
  const busyUntil = performance.now() + 60
  while (performance.now() < busyUntil);
  expect(await hit).toBe(1)
  expect(load).toHaveBeenCalledTimes(1)
})

test('a listener that throws changes nothing', async () => {
  const { cached } = createLarder({
    onEvent: () => {
      throw new Error('listener')
    },
  })
  expect(await cached('1m', 'p', async () => 1)()).toBe(1)
})
