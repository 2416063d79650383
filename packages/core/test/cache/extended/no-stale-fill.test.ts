import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { type Adapter, type CachedOptions, createLarder, memory } from '../../../src/index.js'
import { scheduled } from '../../support/scheduled.js'

type Eviction = 'key' | 'tag' | 'prefix' | 'everything'
type Act = 'read' | 'refresh' | 'ttl ends' | 'origin fails' | 'origin works' | Eviction
interface Step {
  process: 0 | 1
  act: Act
}

const step: fc.Arbitrary<Step> = fc.record({
  process: fc.constantFrom(0 as const, 1 as const),
  act: fc.oneof(
    { weight: 6, arbitrary: fc.constant('read' as const) },
    { weight: 3, arbitrary: fc.constantFrom('key' as const, 'tag' as const, 'prefix' as const, 'everything' as const) },
    { weight: 2, arbitrary: fc.constant('ttl ends' as const) },
    { weight: 1, arbitrary: fc.constantFrom('refresh' as const, 'origin fails' as const, 'origin works' as const) },
  ),
})

const TTL_MS = 60_000
// So long that nothing waits for it: a store that fails at random moments would hide what is tested here.
const BUDGET = '1h'
// What is left of it when the clock went on during a call is no less than this.
const LEAST_BUDGET_MS = 1_800_000

afterEach(() => {
  vi.unstubAllGlobals()
})

/** Two processes with one store: whatever takes time, timers too, ends at a random moment. */
async function runInterleaved(
  own: Partial<CachedOptions>,
  wrap: (adapter: Adapter) => Adapter,
  steps: Step[],
  scheduler: fc.Scheduler,
): Promise<void> {
  vi.stubGlobal('setTimeout', (callback: () => void, pauseMs: number) => {
    if (pauseMs < LEAST_BUDGET_MS) scheduler.schedule(Promise.resolve(), 'a timer fires').then(callback)
    return 0
  })
  vi.stubGlobal('clearTimeout', () => {})
  let nowMs = 1_700_000_000_000
  const now = () => nowMs
  const store = wrap(memory({ now }))
  let truth = 0
  let fails = false
  // The newest truth that an eviction which has completed was about: nothing older may be read any more.
  let evicted = 0
  const background: Promise<unknown>[] = []
  const processes = ['one', 'two'].map((name) => {
    const larder = createLarder({
      adapter: scheduled(store, scheduler, name),
      store: { budget: BUDGET },
      now,
      waitUntil: (promise) => void background.push(promise),
    })
    const options = { ttl: TTL_MS / 1_000, prefix: 'truth', tags: ['facts'], ...own }
    const load = larder.cached(options, async (_id: string) => {
      const seen = truth
      const failing = fails
      await scheduler.schedule(Promise.resolve(), `${name} loads ${seen}`)
      if (failing) throw new Error('origin')
      return seen
    })
    // `evictedHere`: by this process itself. `open`: reads that a call could join, or whose load it could.
    return { larder, load, evictedHere: 0, open: 0 }
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
    switch (act) {
      case 'read':
      case 'refresh': {
        // A load under way knows nothing of evictions elsewhere, and may be joined. One of this process' own is off the board.
        const atLeast = at.open > 0 ? at.evictedHere : evicted
        at.open++
        try {
          const read = await (act === 'read' ? at.load('a') : at.load.refresh('a')).catch(isOrigin)
          if (read !== undefined) expect(read).toBeGreaterThanOrEqual(atLeast)
        } finally {
          at.open--
        }
        break
      }
      case 'ttl ends':
        nowMs += TTL_MS
        break
      case 'origin fails':
      case 'origin works':
        fails = act === 'origin fails'
        break
      default: {
        truth += 1
        const about = truth
        await evictions[act](at)
        evicted = Math.max(evicted, about)
        at.evictedHere = Math.max(at.evictedHere, about)
      }
    }
  })
  await scheduler.waitFor(Promise.all(running))
  while (background.length) await scheduler.waitFor(Promise.all(background.splice(0)))

  // And what the store was left with is not older either.
  const last = processes.map(({ load }) => load('a').catch(isOrigin))
  const values = (await scheduler.waitFor(Promise.all(last))).filter((value) => value !== undefined)
  expect(Math.min(...values, Number.POSITIVE_INFINITY)).toBeGreaterThanOrEqual(evicted)
  while (background.length) await scheduler.waitFor(Promise.all(background.splice(0)))
}

function isOrigin(error: Error): undefined {
  expect(error.message).toBe('origin')
}

const asItIs = (adapter: Adapter): Adapter => ({ ...adapter })
const paid = (adapter: Adapter): Adapter => ({
  ...adapter,
  capabilities: { ...adapter.capabilities, payPerCommand: true },
})
const stale = { staleWhileRevalidate: '2m', staleIfError: '5m' } as const
/** As a server does it: storing and telling are one step. */
const scripted = (adapter: Adapter): Adapter => ({
  ...adapter,
  capabilities: { ...adapter.capabilities, scripts: 'lua' },
  async run(script, keys, args) {
    const answer = await adapter.run(script, keys, args)
    const [, text, , channel, head] = args
    if (script.name === 'cache-fill' && answer) void adapter.publish?.(String(channel), `${head}${text}`)
    return answer
  },
})

const cases: Array<[string, Partial<CachedOptions>, (adapter: Adapter) => Adapter]> = [
  ['stale results are served', stale, asItIs],
  ['the origin is slow', { staleIfError: '5m', softTimeout: '10ms' }, asItIs],
  ['results are refreshed early', { ...stale, earlyRefresh: { beta: 1e9 } }, asItIs],
  ['nobody shares', { ...stale, dedupe: false }, asItIs],
  ['one process loads for all, which tells the others', { dedupe: 'everywhere' }, asItIs],
  ['one process loads for all, which stores and tells in one step', { dedupe: 'everywhere' }, scripted],
  ['one process loads for all, and the others look', { dedupe: 'everywhere' }, paid],
  ['one process refreshes for all', { ...stale, dedupe: 'everywhere' }, asItIs],
]

test.each(cases)(
  'no value from before an eviction is served or stored when %s',
  {
    timeout: 120_000,
  },
  async (_, own, wrap) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(step, { minLength: 3, maxLength: 10 }), (scheduler, steps) =>
        runInterleaved(own, wrap, steps, scheduler),
      ),
      { numRuns: 500 },
    )
  },
)
