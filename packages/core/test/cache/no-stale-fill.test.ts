import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { createLarder, memory } from '../../src/index.js'
import { fakeClock } from '../../src/testing/index.js'
import { scheduled } from '../support/scheduled.js'

type Eviction = 'key' | 'tag' | 'prefix' | 'everything'
type Step = { process: 0 | 1; act: 'read' | Eviction | 'refresh' | 'expire' }

const step: fc.Arbitrary<Step> = fc.record({
  process: fc.constantFrom(0 as const, 1 as const),
  act: fc.oneof(
    { weight: 3, arbitrary: fc.constant('read' as const) },
    { weight: 2, arbitrary: fc.constantFrom('key' as const, 'tag' as const, 'prefix' as const, 'everything' as const) },
    { weight: 1, arbitrary: fc.constant('refresh' as const) },
    { weight: 1, arbitrary: fc.constant('expire' as const) },
  ),
})

/** Two processes with one store, each step begun at a random moment and each message arriving at a random moment. */
async function runInterleaved(steps: Step[], scheduler: fc.Scheduler): Promise<void> {
  const clock = fakeClock()
  const store = memory({ now: clock.now })
  let truth = 0
  // The newest truth that an eviction which has completed was about: nothing older may be read from the store any more.
  let evicted = 0
  const processes = ['one', 'two'].map((name) => {
    const larder = createLarder({
      adapter: scheduled(store, scheduler, name),
      now: clock.now,
      onEvent: ({ type }) => {
        if (type === 'fill') process.loading -= 1
      },
    })
    const load = larder.cached({ ttl: '1s', prefix: 'truth', tags: ['facts'] }, async (_id: string) => {
      process.loading += 1
      const seen = truth
      await scheduler.schedule(Promise.resolve(), `${name} loads ${seen}`)
      return seen
    })
    // `evictedHere`: by this process itself. `loading`: loads that a call could join.
    const process = { larder, load, evictedHere: 0, loading: 0 }
    return process
  })

  const evictions: Record<Eviction, (at: (typeof processes)[number]) => Promise<void>> = {
    key: ({ load }) => load.evict('a'),
    tag: ({ larder }) => larder.cache.evictTags('facts'),
    prefix: ({ load }) => load.evictAll(),
    everything: ({ larder }) => larder.cache.clear(),
  }

  // The stamps are there from the beginning, or they would tell what was evicted by key as well.
  await scheduler.waitFor(Promise.all(processes.map(({ load }) => load('another'))))

  const running = steps.map(async ({ process, act }, i) => {
    await scheduler.schedule(Promise.resolve(), `step ${i} ${act} begins`)
    const at = processes[process] as (typeof processes)[number]
    if (act === 'expire') return clock.advance(1_000)
    if (act === 'read' || act === 'refresh') {
      // A load under way knows nothing of evictions elsewhere, and may be joined. One of this process' own is off the board.
      const atLeast = at.loading > 0 ? at.evictedHere : evicted
      const read = await (act === 'read' ? at.load('a') : at.load.refresh('a'))
      expect(read).toBeGreaterThanOrEqual(atLeast)
    } else {
      truth += 1
      const now = truth
      await evictions[act](at)
      evicted = Math.max(evicted, now)
      at.evictedHere = Math.max(at.evictedHere, now)
    }
  })
  await scheduler.waitFor(Promise.all(running))

  // And what the store was left with is not older either.
  const last = processes.map(({ load }) => load('a'))
  expect(Math.min(...(await scheduler.waitFor(Promise.all(last))))).toBeGreaterThanOrEqual(evicted)
}

test('never serves nor stores a value loaded before an eviction, whatever the interleaving', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(step, { minLength: 3, maxLength: 9 }), (scheduler, steps) =>
      runInterleaved(steps, scheduler),
    ),
    { numRuns: 3_000 },
  )
})

test('a caller who comes after an eviction does not join the load from before it', async () => {
  const { cached } = createLarder()
  const loads: Array<(value: string) => void> = []
  const find = cached('1m', 'find', (_id: string) => new Promise<string>((resolve) => loads.push(resolve)))

  const before = find('a')
  await expect.poll(() => loads.length).toBe(1)
  await find.evict('a')
  const after = find('a')
  await expect.poll(() => loads.length).toBe(2)
  loads[0]?.('old')
  loads[1]?.('new')

  expect(await before).toBe('old')
  expect(await after).toBe('new')
  expect(await find('a')).toBe('new')
})

test("a load that outlasts an eviction, the load after it and that one's ttl is not stored", async () => {
  const clock = fakeClock()
  const store = memory({ now: clock.now })
  const larders = [1, 2].map(() => createLarder({ adapter: store, now: clock.now }))
  let truth = 'old'
  let finish: (() => void) | undefined
  const slow = larders[0]?.cached('1s', 'truth', async (_id: string) => {
    const seen = truth
    await new Promise<void>((resolve) => {
      finish = resolve
    })
    return seen
  })
  const quick = larders[1]?.cached('1s', 'truth', async (_id: string) => truth)

  // So that the stamps are there, which would tell as well.
  await quick?.('another')
  const under = slow?.('a')
  await vi.waitFor(() => expect(finish).toBeDefined())
  truth = 'new'
  await quick?.evict('a')
  expect(await quick?.('a')).toBe('new')
  clock.advance(1_000)
  finish?.()
  expect(await under).toBe('old')
  expect(await quick?.('a')).toBe('new')
})

test('what took the place of something evicted is served for its ttl, and no longer', async () => {
  const clock = fakeClock()
  const larder = createLarder({ adapter: memory({ now: clock.now }), now: clock.now })
  let loads = 0
  const load = larder.cached({ ttl: '1s', prefix: 'n', tags: ['all'] }, async () => ++loads)
  for (let round = 1; round <= 3; round++) {
    if (round === 1) await load()
    await load.evict()
    expect(await load()).toBe(2 * round)
    clock.advance(999)
    expect(await load.peek()).toBe(2 * round)
    expect(await load()).toBe(2 * round)
    clock.advance(1)
    expect(await load.peek()).toBeUndefined()
    expect(await load()).toBe(2 * round + 1)
  }
  await larder.cache.set('k', 1, { ttl: '1s', tags: ['all'] })
  await larder.cache.delete('k')
  await larder.cache.set('k', 2, { ttl: '1s', tags: ['all'] })
  expect(await larder.cache.get('k')).toBe(2)
  clock.advance(1_000)
  expect(await larder.cache.get('k')).toBeUndefined()
})
