import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Adapter, createLarder, memory } from '../../../src/index.js'
import { scheduled } from '../../support/scheduled.js'

type Eviction = 'key' | 'tag' | 'prefix' | 'everything'
type Act = 'read' | Eviction | 'refresh' | 'wait'
interface Step {
  readonly process: 0 | 1
  readonly act: Act
}

const SLICE_MS = 1_000
/** How far the clock goes on in a step of its own. */
const WAIT_MS = 350

const step: fc.Arbitrary<Step> = fc.record({
  process: fc.constantFrom(0 as const, 1 as const),
  act: fc.oneof(
    { weight: 6, arbitrary: fc.constant('read' as const) },
    { weight: 3, arbitrary: fc.constantFrom<Act>('key', 'tag', 'prefix', 'everything') },
    { weight: 1, arbitrary: fc.constant('refresh' as const) },
    { weight: 2, arbitrary: fc.constant('wait' as const) },
  ),
})
const steps = fc.array(step, { minLength: 4, maxLength: 14 })

/** Processes with near tiers, one store, and a network that delivers in any order. */
class Model {
  readonly store: Adapter
  nowMs = 1_700_000_000_000
  truth = 0
  /** The evictions that are over, with the truth that they were about. */
  readonly evictions: { truth: number; atMs: number; by: number }[] = []

  constructor(
    readonly scheduler: fc.Scheduler,
    readonly hasBus: boolean,
  ) {
    this.store = memory({ now: () => this.nowMs })
  }

  start(by: number) {
    const { scheduler } = this
    const name = `process ${by}`
    // What this process was told of by message, and what it is telling.
    const state = { heard: 0, telling: 0, loading: 0 }
    const base = scheduled(this.store, scheduler, name)
    const { publish: _publish, subscribe: _subscribe, ...withoutBus } = base
    const adapter: Adapter = this.hasBus
      ? {
          ...base,
          publish: async (channel, message) => {
            const about = state.telling
            await scheduler.schedule(Promise.resolve(), `${name} publishes`)
            return this.store.publish?.(channel, `${about}|${message}`) ?? 0
          },
          subscribe: async (channels, listener) => {
            let before: Promise<unknown> = Promise.resolve()
            return (
              (await this.store.subscribe?.(channels, {
                onMessage(message, channel) {
                  const [about = '', text = ''] = message.split(/\|(.*)/s)
                  // In order, but at any time.
                  before = before
                    .then(() => scheduler.schedule(Promise.resolve(), `${name} hears of ${about}`))
                    .then(() => {
                      listener.onMessage(text, channel)
                      state.heard = Math.max(state.heard, Number(about))
                    })
                },
              })) ?? { unsubscribe: async () => {} }
            )
          },
        }
      : { ...withoutBus, capabilities: { ...base.capabilities, subscribe: false } }
    const larder = createLarder({
      adapter,
      now: () => this.nowMs,
      onEvent({ type }) {
        if (type === 'fill') state.loading--
      },
    })
    const options = { ttl: '1h', prefix: 'truth', tags: ['facts'], local: { ttl: '1h' } } as const
    const load = larder.cached(options, async (_id: string) => {
      state.loading++
      const seen = this.truth
      await scheduler.schedule(Promise.resolve(), `${name} loads ${seen}`)
      return seen
    })
    const acts: Record<Eviction, () => Promise<void>> = {
      key: () => load.evict('a'),
      tag: () => larder.cache.evictTags('facts'),
      prefix: () => load.evictAll(),
      everything: () => larder.cache.clear(),
    }
    let evicting: Promise<unknown> = Promise.resolve()
    return {
      state,
      load,
      stats: larder.cache.stats,
      /** One at a time, so that the process knows which of them it tells of. */
      evict: (act: Eviction) => {
        const done = evicting.then(async () => {
          const now = ++this.truth
          state.telling = now
          await acts[act]()
          this.evictions.push({ truth: now, atMs: this.nowMs, by })
        })
        evicting = done
        return done
      },
      /** The oldest truth that a call beginning now may get. */
      atLeast: () => {
        const known = this.evictions.filter(({ by: other, atMs }) =>
          // Its own at once. Others by message, or by the first read after a second.
          other === by ? true : !this.hasBus && this.nowMs - atMs >= SLICE_MS,
        )
        const newest = Math.max(0, ...known.map(({ truth }) => truth))
        return this.hasBus ? Math.max(newest, state.heard) : newest
      },
      ownEvictions: () => Math.max(0, ...this.evictions.filter((each) => each.by === by).map(({ truth }) => truth)),
    }
  }
}

async function runInterleaved(all: Step[], scheduler: fc.Scheduler, hasBus: boolean): Promise<number> {
  const model = new Model(scheduler, hasBus)
  const processes = [model.start(0), model.start(1)]
  // With the value in both near tiers, as in the middle of a day.
  const nearHits = () => processes.reduce((sum, { stats }) => sum + stats().nearHits, 0)
  for (const { load, stats } of processes) {
    while (stats().nearHits === 0) {
      await scheduler.waitFor(load('a'))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const before = nearHits()
  const running = all.map(async ({ process, act }, i) => {
    await scheduler.schedule(Promise.resolve(), `step ${i}: ${process} ${act}`)
    const at = processes[process] as (typeof processes)[number]
    if (act === 'wait') model.nowMs += WAIT_MS
    else if (act === 'read' || act === 'refresh') {
      // A load under way knows nothing of evictions that nobody told this process of, and may be joined.
      const atLeast = at.state.loading > 0 ? Math.max(at.ownEvictions(), at.state.heard) : at.atLeast()
      expect(await (act === 'read' ? at.load('a') : at.load.refresh('a'))).toBeGreaterThanOrEqual(atLeast)
    } else await at.evict(act)
  })
  await scheduler.waitFor(Promise.all(running))
  await scheduler.waitIdle()
  const hits = nearHits() - before
  model.nowMs += SLICE_MS
  // When all messages have come, nobody has anything older than the last eviction.
  const evicted = Math.max(0, ...model.evictions.map(({ truth }) => truth))
  for (const { load } of processes) expect(await scheduler.waitFor(load('a'))).toBeGreaterThanOrEqual(evicted)
  return hits
}

test.for([
  ['the bus', true],
  ['reads, a second apart', false],
] as const)(
  'with news by %s, no near tier serves what was evicted before, whatever the interleaving',
  {
    timeout: 120_000,
  },
  async ([, hasBus]) => {
    let hits = 0
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), steps, async (scheduler, all) => {
        hits += await runInterleaved(all, scheduler, hasBus)
      }),
      { numRuns: 400 },
    )
    // Or it would prove nothing.
    expect(hits).toBeGreaterThan(250)
  },
)
