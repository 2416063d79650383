import { describe, expect, test, vi } from 'vitest'
import { TOMBSTONE_MS } from '../../../src/cache/lifetimes.js'
import { type Adapter, type CachedOptions, createLarder, type LarderEvent, memory } from '../../../src/index.js'
import { counting, failing, fakeClock } from '../../../src/testing/index.js'
import { createOrigin, turns } from '../../support/origin.js'

type Subscribe = NonNullable<Adapter['subscribe']>

const options = { ttl: '1m', prefix: 'find', dedupe: 'everywhere' } as const

/** Toolkits with one store and one origin, as processes have them. `push`: whether the store sends messages for free. */
function processes(count: number, own: Partial<CachedOptions> = {}, push = true) {
  const clock = fakeClock()
  const store = memory({ now: clock.now })
  const origin = createOrigin<string>()
  const background: Promise<unknown>[] = []
  const list = Array.from({ length: count }, () => {
    const adapter: Adapter = { ...store, capabilities: { ...store.capabilities, payPerCommand: !push } }
    const counted = counting(adapter)
    const events: LarderEvent[] = []
    const larder = createLarder({
      adapter: counted,
      onEvent: (event) => events.push(event),
      waitUntil: (promise) => void background.push(promise),
      now: clock.now,
    })
    return { ...larder, counted, events, find: larder.cached({ ...options, ...own }, origin.load) }
  })
  return {
    ...clock,
    store,
    calls: origin.calls,
    list,
    async settled() {
      while (background.length) await background.shift()
    },
  }
}

/**
 * Two processes, and a third to which messages come only when told to. It has loaded its code and subscribed, and a message
 * that it has not had yet says that `a` is "from before".
 */
async function withLateMessages(own: Partial<CachedOptions> = {}) {
  const set = processes(2, own)
  const { list, calls, store, now } = set
  const late: Array<() => void> = []
  const tellNow = () => {
    for (const tell of late.splice(0)) tell()
  }
  const subscribe = vi.fn<Subscribe>((channels, { onMessage, ...listener }) =>
    (store.subscribe as Subscribe)(channels, {
      ...listener,
      onMessage: (...message) => void late.push(() => onMessage(...message)),
    }),
  )
  const mine = vi.fn(async () => 'my own')
  // Counted as those are, so that of calls in one tick the first comes first.
  const third = createLarder({ adapter: counting({ ...store, subscribe }), now })
  const find = third.cached({ ...options, ...own }, async (_: string) => mine())

  const warmed = [list[0]?.find('warm')]
  await expect.poll(() => calls.length).toBe(1)
  warmed.push(find('warm'))
  await expect.poll(() => subscribe.mock.calls.length).toBe(1)
  await turns()
  calls[0]?.resolve('warm')
  await expect.poll(() => late.length).toBe(1)
  tellNow()
  expect(await Promise.all(warmed)).toEqual(['warm', 'warm'])

  const first = list[0]?.find('a')
  await expect.poll(() => calls.length).toBe(2)
  calls[1]?.resolve('from before')
  await first
  await set.settled()
  expect(late).toHaveLength(1)
  return { ...set, find, mine, tellNow }
}

describe('a cold key', () => {
  test('is loaded by one process; the others are woken and read its result', async () => {
    const { list, calls, settled } = processes(4)
    const waiting = list.flatMap(({ find }) => Array.from({ length: 10 }, () => find('a')))
    await expect.poll(() => calls.length).toBe(1)
    await turns()
    calls[0]?.resolve('value')
    expect(await Promise.all(waiting)).toEqual(Array(40).fill('value'))
    await settled()
    expect(calls).toHaveLength(1)
    const leases = list.flatMap(({ events }) => events.filter(({ type }) => type === 'lease'))
    expect(leases.map((event) => event.type === 'lease' && event.taken).sort()).toEqual([false, false, false, true])
  })

  test.each([
    ['two, for a result that fits into the message', 'a', { getMany: 1, set: 1 }, { getMany: 1, set: 1, run: 1 }],
    ['three, for a longer one', 'a'.repeat(1_024), { getMany: 2, set: 1 }, { getMany: 1, set: 2 }],
  ])(
    'costs the winner four commands where messages are free, and each other process %s',
    async (_, value, other, winner) => {
      const { list, calls, settled } = processes(3)
      await warmUp(list, calls, settled)
      const before = list.map(({ counted }) => ({ ...counted.commands }))
      const waiting = list.map(({ find }) => find('a'))
      await expect.poll(() => calls.length).toBe(2)
      await turns()
      calls[1]?.resolve(value)
      expect(await Promise.all(waiting)).toEqual([value, value, value])
      await settled()
      const bills = list.map(({ counted }, i) => difference(counted.commands, before[i] as object))
      expect(bills).toContainEqual({ ...winner, publish: 1 })
      expect(bills.filter((bill) => !('publish' in bill))).toEqual([other, other])
    },
  )

  test('costs the winner three, and each other process three, where each command is billed', async () => {
    const { list, calls, settled } = processes(3, {}, false)
    await warmUp(list, calls, settled)
    const before = list.map(({ counted }) => ({ ...counted.commands }))
    const waiting = list.map(({ find }) => find('a'))
    await expect.poll(() => calls.length).toBe(2)
    calls[1]?.resolve('value')
    await Promise.all(waiting)
    const bills = list.map(({ counted }, i) => difference(counted.commands, before[i] as object))
    expect(bills).toContainEqual({ getMany: 1, set: 2 })
    expect(bills.filter(({ getMany }) => getMany === 2)).toEqual([
      { getMany: 2, set: 1 },
      { getMany: 2, set: 1 },
    ])
  })

  test('the calls of one tick share a read; one that comes when it was sent has its own', async () => {
    const { list, calls, settled } = processes(1)
    await warmUp(list, calls, settled)
    const [{ find, counted } = {} as never] = list
    const before = { ...counted.commands }
    const together = [find('warm'), find('warm')]
    const sent = vi.spyOn(counted, 'getMany')
    while (sent.mock.calls.length === 0) await undefined
    expect(await Promise.all([...together, find('warm')])).toEqual(['warm', 'warm', 'warm'])
    expect(difference(counted.commands, before)).toEqual({ getMany: 2 })
  })

  test('a process that finds the lease does not ask for it', async () => {
    const { list, calls } = processes(2)
    const [one, two] = list
    const first = one?.find('a')
    await expect.poll(() => calls.length).toBe(1)
    const second = two?.find('a')
    await turns()
    calls[0]?.resolve('value')
    expect(await Promise.all([first, second])).toEqual(['value', 'value'])
    expect(two?.events.filter(({ type }) => type === 'lease')).toEqual([])
  })
})

describe('when the leader brings nothing', () => {
  test('a load that fails frees the lease, its error is the leader`s, and the others load', async () => {
    const { list, calls, store } = processes(2)
    const [one, two] = list
    const failure = new Error('origin')
    const first = one?.find('a').catch((error) => error)
    await expect.poll(() => calls.length).toBe(1)
    const second = two?.find('a')
    await turns()
    calls[0]?.reject(failure)
    expect(await first).toBe(failure)
    await expect.poll(() => calls.length).toBe(2)
    expect(await store.getMany([one?.find.keyOf('a') as string])).toEqual([null])
    calls[1]?.resolve('value')
    expect(await second).toBe('value')
  })

  test('a result that is not to be stored frees the lease too', async () => {
    const { list, calls } = processes(2, { unless: () => true })
    const [one, two] = list
    const first = one?.find('a')
    await expect.poll(() => calls.length).toBe(1)
    const second = two?.find('a')
    await turns()
    calls[0]?.resolve('mine')
    expect(await first).toBe('mine')
    await expect.poll(() => calls.length).toBe(2)
    calls[1]?.resolve('my own')
    expect(await second).toBe('my own')
  })

  test.each([
    ['woken', true],
    ['looking', false],
  ])('a dead leader costs those who wait (%s) one lease time at most', async (_, push) => {
    const { list, calls } = processes(2, { hardTimeout: '200ms' }, push)
    const [one, two] = list
    // Frozen for good: neither its load nor its timers go on.
    const frozen = vi.spyOn(globalThis, 'setTimeout').mockImplementation((() => 0) as never)
    void one?.find('a')
    await expect
      .poll(() => calls.length, { interval: 1 })
      .toBe(1)
      .catch(() => {})
    frozen.mockRestore()
    await expect.poll(() => calls.length).toBe(1)
    const startedMs = performance.now()
    const second = two?.find('a')
    await expect.poll(() => calls.length).toBe(2)
    expect(performance.now() - startedMs).toBeLessThan(1_000)
    calls[1]?.resolve('value')
    expect(await second).toBe('value')
  })

  test('the leader`s late result does not replace the one that was stored instead', async () => {
    const { list, calls, advance } = processes(2)
    const [one, two] = list
    const first = one?.find('a')
    await expect.poll(() => calls.length).toBe(1)
    advance(5_000)
    const second = two?.find('a')
    await expect.poll(() => calls.length).toBe(2)
    calls[1]?.resolve('newer')
    expect(await second).toBe('newer')
    calls[0]?.resolve('older')
    expect(await first).toBe('older')
    expect(await one?.find('a')).toBe('newer')
  })
})

describe('evictions', () => {
  test('one during the load keeps the leader`s result out of the store, and the others load anew', async () => {
    const { list, calls } = processes(2)
    const [one, two] = list
    const first = one?.find('a')
    await expect.poll(() => calls.length).toBe(1)
    const second = two?.find('a')
    await turns()
    await two?.find.evict('a')
    calls[0]?.resolve('from before')
    expect(await first).toBe('from before')
    await expect.poll(() => calls.length).toBe(2)
    calls[1]?.resolve('from after')
    expect(await second).toBe('from after')
    expect(await one?.find('a')).toBe('from after')
  })

  test('a tombstone stays while the lease is held: it outlives the lease, and stops older loads', async () => {
    const { list, calls, advance } = processes(3)
    const [slow, evicting, leader] = list
    // Not by a lease, as a function without the option would load.
    const plain = slow?.cached(
      { ttl: '1m', prefix: 'plain' },
      () => new Promise<string>((resolve) => (finish = resolve)),
    )
    let finish = (_: string) => {}
    const older = plain?.()
    await turns()
    const key = plain?.keyOf() as string
    const twin = evicting?.cached({ ...options, prefix: 'plain' }, async () => 'x')
    expect(twin?.keyOf()).toBe(key)
    await twin?.evict()
    const own = leader?.cached({ ...options, prefix: 'plain' }, () => new Promise<string>(() => {}))
    void own?.()
    await turns()
    advance(10_000)
    finish('from before the eviction')
    expect(await older).toBe('from before the eviction')
    expect(await twin?.()).toBe('x')
    expect(calls).toEqual([])
  })

  test('a message that comes late does not bring what was evicted before the call', async () => {
    const { list, calls, settled, find, mine, tellNow } = await withLateMessages()
    const [, two] = list
    await two?.find.evict('a')
    const leading = two?.find('a')
    await expect.poll(() => calls.length).toBe(3)
    const waiting = find('a')
    await turns()
    tellNow()
    await turns()
    calls[2]?.resolve('from after')
    expect(await leading).toBe('from after')
    await settled()
    tellNow()
    expect(await waiting).toBe('from after')
    expect(mine).not.toHaveBeenCalled()
  })

  test('nor does one so late that the tombstone has gone meanwhile, as after a freeze', async () => {
    const { list, calls, settled, advance, find, mine, tellNow } = await withLateMessages({ ttl: '1h' })
    const [, two] = list
    expect(await two?.find('warm')).toBe('warm')
    await two?.find.evict('a')
    advance(TOMBSTONE_MS)
    // In one tick: both find nothing, and the second gets no lease.
    const leading = two?.find('a')
    const waiting = find('a')
    await expect.poll(() => calls.length).toBe(3)
    await turns()
    tellNow()
    await turns()
    calls[2]?.resolve('from after')
    expect(await leading).toBe('from after')
    await settled()
    tellNow()
    expect(await waiting).toBe('from after')
    expect(mine).not.toHaveBeenCalled()
  })

  test('who joins those that wait, after an eviction elsewhere, is not answered by the older load`s message', async () => {
    const { list, calls, settled } = processes(3, { tags: ['things'] })
    await warmUp(list, calls, settled)
    const [leader, waiter, evicting] = list
    const leading = leader?.find('a')
    await expect.poll(() => calls.length).toBe(2)
    const waiting = [waiter?.find('a')]
    await turns()
    await evicting?.cache.evictTags('things')
    waiting.push(waiter?.find('a'))
    await turns()
    calls[1]?.resolve('from before')
    expect(await leading).toBe('from before')
    await expect.poll(() => calls.length).toBe(3)
    calls[2]?.resolve('from after')
    expect(await Promise.all(waiting)).toEqual(['from after', 'from after'])
  })

  test('after an eviction the key is led anew, whoever led before', async () => {
    const { list, calls } = processes(2)
    const [one, two] = list
    for (const round of [0, 1, 2]) {
      const waiting = [one?.find('a'), two?.find('a')]
      await expect.poll(() => calls.length).toBe(round + 1)
      await turns()
      calls[round]?.resolve(`value ${round}`)
      expect(await Promise.all(waiting)).toEqual([`value ${round}`, `value ${round}`])
      await one?.find.evict('a')
    }
  })
})

describe('a stale result', () => {
  test('is refreshed by one process; the others go on serving it', async () => {
    const { list, calls, advance, settled } = processes(4, { staleWhileRevalidate: '1h' })
    const [one] = list
    const first = one?.find('a')
    await expect.poll(() => calls.length).toBe(1)
    calls[0]?.resolve('old')
    await first
    advance(60_000)
    expect(await Promise.all(list.map(({ find }) => find('a')))).toEqual(Array(4).fill('old'))
    await turns()
    expect(await Promise.all(list.map(({ find }) => find('a')))).toEqual(Array(4).fill('old'))
    expect(calls).toHaveLength(2)
    calls[1]?.resolve('new')
    await settled()
    expect(await Promise.all(list.map(({ find }) => find('a')))).toEqual(Array(4).fill('new'))
  })

  test('asks for the lease once in each process, not once for each call', async () => {
    const { list, calls, advance, settled } = processes(2, { staleWhileRevalidate: '1h' })
    const [one, two] = list
    const first = one?.find('a')
    await expect.poll(() => calls.length).toBe(1)
    calls[0]?.resolve('old')
    await first
    advance(60_000)
    await one?.find('a')
    await turns()
    const before = { ...two?.counted.commands }
    for (let i = 0; i < 10; i++) {
      expect(await two?.find('a')).toBe('old')
      await turns()
    }
    expect(difference(two?.counted.commands as object, before)).toEqual({ getMany: 10, set: 1 })
    expect(two?.events.at(-1)).toMatchObject({ type: 'stale', reason: 'leased' })
    calls[1]?.resolve('new')
    await settled()
    expect(await two?.find('a')).toBe('new')
  })

  test('whose leader is gone is refreshed by another when the lease has ended', async () => {
    const { list, calls, advance } = processes(2, { staleWhileRevalidate: '1h' })
    const [one, two] = list
    const first = one?.find('a')
    await expect.poll(() => calls.length).toBe(1)
    calls[0]?.resolve('old')
    await first
    advance(60_000)
    await one?.find('a')
    await turns()
    await two?.find('a')
    await turns()
    expect(calls).toHaveLength(2)
    advance(5_000)
    await two?.find('a')
    await expect.poll(() => calls.length).toBe(3)
  })

  test('in the window for errors one process loads, and the others serve it at once', async () => {
    const { list, calls, advance } = processes(2, { staleIfError: '1h' })
    const [one, two] = list
    const first = one?.find('a')
    await expect.poll(() => calls.length).toBe(1)
    calls[0]?.resolve('old')
    await first
    advance(60_000)
    const leading = one?.find('a')
    await expect.poll(() => calls.length).toBe(2)
    expect(await two?.find('a')).toBe('old')
    expect(two?.events.at(-1)).toMatchObject({ type: 'stale', reason: 'leased' })
    calls[1]?.resolve('new')
    expect(await leading).toBe('new')
    expect(await two?.find('a')).toBe('new')
  })

  test('two ttls in a row are each refreshed: the lease of the first is not in the way', async () => {
    const { list, calls, advance, settled } = processes(2, { ttl: '1s', staleWhileRevalidate: '1h' })
    const [one, two] = list
    const first = one?.find('a')
    await expect.poll(() => calls.length).toBe(1)
    calls[0]?.resolve('value 0')
    await first
    for (const round of [1, 2, 3]) {
      advance(1_000)
      await two?.find('a')
      await expect.poll(() => calls.length).toBe(round + 1)
      calls[round]?.resolve(`value ${round}`)
      await settled()
      expect(await one?.find('a')).toBe(`value ${round}`)
    }
  })
})

test('the subscription by which a process learns of loads elsewhere keeps no process alive', async () => {
  const store = memory()
  const held: unknown[] = []
  const adapter: Adapter = {
    ...store,
    subscribe(channels, listener) {
      held.push(listener.holdsProcess)
      return (store.subscribe as Subscribe)(channels, listener)
    },
  }
  const { load, calls } = createOrigin<string>()
  const leading = createLarder({ adapter: { ...store } }).cached(options, load)()
  await expect.poll(() => calls.length).toBe(1)
  const waiting = createLarder({ adapter }).cached(options, load)()
  await expect.poll(() => held).toEqual([false])
  calls[0]?.resolve('value')
  expect(await Promise.all([leading, waiting])).toEqual(['value', 'value'])
})

describe('when the store fails', () => {
  test('the method runs', async () => {
    const { cached } = createLarder({ adapter: failing(memory()) })
    const find = cached(options, async () => 1)
    expect(await find()).toBe(1)
  })

  test('at the lease: the method runs, and the call goes on without it', async () => {
    const store = failing(memory(), { when: ({ method }) => method === 'set' })
    const { cached } = createLarder({ adapter: store })
    const load = vi.fn(async () => 1)
    const find = cached(options, load)
    expect(await find()).toBe(1)
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('while waiting: the method runs', async () => {
    const shared = memory()
    const leader = createLarder({ adapter: { ...shared } }).cached(options, () => new Promise<number>(() => {}))
    void leader()
    await turns()
    const store = failing(shared, { active: false })
    const { cached } = createLarder({ adapter: store })
    const find = cached({ ...options, hardTimeout: '50ms' }, async () => 2)
    const waiting = find()
    await turns()
    store.active = true
    expect(await waiting).toBe(2)
  })
})

/** The stamps and the subscriptions are there: what is left is what every stampede costs. */
async function warmUp(
  list: ReturnType<typeof processes>['list'],
  calls: ReturnType<typeof processes>['calls'],
  settled: () => Promise<void>,
) {
  const waiting = list.map(({ find }) => find('warm'))
  await expect.poll(() => calls.length).toBe(1)
  await turns()
  calls[0]?.resolve('warm')
  await Promise.all(waiting)
  await settled()
}

function difference(after: object, before: object): Record<string, number> {
  const was = before as Record<string, number>
  return Object.fromEntries(
    Object.entries(after)
      .map(([method, count]): [string, number] => [method, count - (was[method] ?? 0)])
      .filter(([, count]) => count > 0),
  )
}
