import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLarder, memory } from '../../src/index.js'
import { scheduled } from '../support/scheduled.js'

type Eviction = 'key' | 'tag' | 'prefix' | 'everything'
type Step = { process: 0 | 1; act: 'read' | Eviction | 'refresh' }

const step: fc.Arbitrary<Step> = fc.record({
  process: fc.constantFrom(0 as const, 1 as const),
  act: fc.oneof(
    { weight: 3, arbitrary: fc.constant('read' as const) },
    { weight: 2, arbitrary: fc.constantFrom('key' as const, 'tag' as const, 'prefix' as const, 'everything' as const) },
    { weight: 1, arbitrary: fc.constant('refresh' as const) },
  ),
})

/** Two processes with one store, each step begun at a random moment and each message arriving at a random moment. */
async function runInterleaved(steps: Step[], scheduler: fc.Scheduler): Promise<void> {
  const store = memory()
  let truth = 0
  // The newest truth that an eviction which has completed was about: nothing older may be read from the store any more.
  let evicted = 0
  const processes = ['one', 'two'].map((name) => {
    const larder = createLarder({
      adapter: scheduled(store, scheduler, name),
      onEvent: ({ type }) => {
        if (type === 'fill') process.loading -= 1
      },
    })
    const load = larder.cached({ ttl: '1h', prefix: 'truth', tags: ['facts'] }, async (_id: string) => {
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

  const running = steps.map(async ({ process, act }, i) => {
    await scheduler.schedule(Promise.resolve(), `step ${i} ${act} begins`)
    const at = processes[process] as (typeof processes)[number]
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
