import { expect, test, vi } from 'vitest'
import { memory } from '../../../src/index.js'
import { counting, expectCommands } from '../../../src/testing/index.js'
import { createOrigin, setUp, turns } from '../../support/origin.js'

const options = { ttl: '1m', prefix: 'find', staleWhileRevalidate: '10m' } as const

test('after the ttl a stale result is served at once, and a new one loaded in the background', async () => {
  const { cached, advance, settled } = setUp()
  let version = 0
  const find = cached(options, async () => ++version)
  expect(await find()).toBe(1)
  advance(60_000)
  expect(await find()).toBe(1)
  await settled()
  expect(await find()).toBe(2)
  expect(version).toBe(2)
})

test('until the ttl ends nothing is refreshed', async () => {
  const { cached, advance, background } = setUp()
  const load = vi.fn(async () => 'value')
  const find = cached(options, load)
  await find()
  advance(59_999)
  await find()
  expect(load).toHaveBeenCalledTimes(1)
  expect(background).toEqual([])
})

test('when the window has ended the call waits for the method', async () => {
  const { cached, advance } = setUp()
  let version = 0
  const find = cached(options, async () => ++version)
  await find()
  advance(60_000 + 600_000 - 1)
  expect(await find()).toBe(1)
  advance(660_000)
  expect(await find()).toBe(3)
})

test('one refresh is under way for each key, however many ask', async () => {
  const { cached, advance, settled } = setUp()
  const { load, calls } = createOrigin<string>()
  const find = cached(options, load)
  const first = find('a')
  await turns()
  calls[0]?.resolve('old')
  await first
  advance(60_000)
  const answers = await Promise.all(Array.from({ length: 50 }, () => find('a')))
  await find('a')
  expect(answers).toEqual(Array(50).fill('old'))
  expect(calls).toHaveLength(2)
  calls[1]?.resolve('new')
  await settled()
  expect(await find('a')).toBe('new')
})

test('the refresh is handed to waitUntil, and never rejects there', async () => {
  const { cached, advance, background, events } = setUp()
  let fails = false
  const failure = new Error('origin')
  const find = cached(options, async () => {
    if (fails) throw failure
    return 1
  })
  await find()
  fails = true
  advance(60_000)
  expect(await find()).toBe(1)
  expect(background).toHaveLength(1)
  await expect(background[0]).resolves.toBeUndefined()
  expect(events).toContainEqual(expect.objectContaining({ type: 'refresh', reason: 'stale', error: failure }))
  await find()
  expect(events.at(-1)).toMatchObject({ type: 'stale', reason: 'pause' })
})

test('a refresh that fails is followed by a pause, which doubles up to 30 s', async () => {
  const { cached, advance, settled } = setUp()
  const load = vi.fn(async (): Promise<number> => {
    if (load.mock.calls.length > 1) throw new Error('origin')
    return 1
  })
  const find = cached({ ...options, staleWhileRevalidate: '1h' }, load)
  await find()
  advance(60_000)
  const pauses: number[] = []
  let pauseMs = 0
  for (let second = 0; second < 130; second++) {
    const before = load.mock.calls.length
    expect(await find()).toBe(1)
    await settled()
    if (load.mock.calls.length > before) {
      pauses.push(pauseMs / 1_000)
      pauseMs = 0
    }
    pauseMs += 1_000
    advance(1_000)
  }
  expect(pauses).toEqual([0, 1, 2, 4, 8, 16, 30, 30, 30])
})

test('a success ends the pauses: the next failure begins with the shortest', async () => {
  const { cached, advance, settled } = setUp()
  const fails = [false, true, true, false, true, false]
  const load = vi.fn(async () => {
    if (fails[load.mock.calls.length - 1]) throw new Error('origin')
    return load.mock.calls.length
  })
  const find = cached({ ...options, staleWhileRevalidate: '1h' }, load)
  const ask = async () => {
    const answer = await find()
    await settled()
    return answer
  }
  await ask()
  advance(60_000)
  await ask()
  advance(1_000)
  await ask()
  advance(2_000)
  await ask()
  expect(await ask()).toBe(4)
  advance(60_000)
  await ask()
  advance(1_000)
  await ask()
  expect(await ask()).toBe(6)
})

test('an eviction during a refresh wins: its result is not stored, and the next call loads', async () => {
  const { cached, advance, settled } = setUp()
  const { load, calls } = createOrigin<string>()
  const find = cached(options, load)
  const first = find()
  await turns()
  calls[0]?.resolve('old')
  await first
  advance(60_000)
  await find()
  await find.evict()
  const after = find()
  await turns()
  expect(calls).toHaveLength(3)
  calls[1]?.resolve('from before the eviction')
  calls[2]?.resolve('new')
  expect(await after).toBe('new')
  await settled()
  expect(await find()).toBe('new')
})

test('events and counts tell how stale the answer was, and that the refresh is over', async () => {
  const { cached, cache, advance, settled, events } = setUp()
  const find = cached(options, async () => 1)
  await find()
  advance(61_500)
  await find()
  await settled()
  const told = events.filter(({ type }) => ['stale', 'refresh'].includes(type))
  expect(told).toEqual([
    { type: 'stale', prefix: 'find', key: expect.any(String), reason: 'background', ageMs: 1_500 },
    { type: 'refresh', prefix: 'find', key: expect.any(String), reason: 'stale' },
  ])
  expect(cache.stats()).toMatchObject({ misses: 1, stales: 1, hits: 0 })
})

test('serving stale is one command, and the refresh one more', async () => {
  const store = counting(memory({ now: () => clock.now() }))
  const clock = setUp({ adapter: store })
  const find = clock.cached(options, async () => 1)
  await find()
  clock.advance(60_000)
  await expectCommands(store, { getMany: 1, set: 1 }, async () => {
    await find()
    await clock.settled()
  })
})

test('a function without the option never serves what another version of it has kept for longer', async () => {
  const adapter = memory({ now: () => clock.now() })
  const clock = setUp({ adapter })
  const before = clock.cached(options, async () => 'before')
  await before()
  const after = setUp({ adapter, now: clock.now }).cached({ ttl: '1m', prefix: 'find' }, async () => 'after')
  clock.advance(60_000)
  expect(await after()).toBe('after')
})
