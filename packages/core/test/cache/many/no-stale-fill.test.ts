import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLarder, memory } from '../../../src/index.js'
import { scheduled } from '../../support/scheduled.js'

type Id = 'a' | 'b' | 'c'
type Act =
  | { do: 'read' | 'refresh' | 'evict'; ids: Id[] }
  | { do: 'tag'; id: Id }
  | { do: 'prefix' }
  | { do: 'everything' }
type Step = { process: 0 | 1; act: Act }

const ALL: Id[] = ['a', 'b', 'c']
const ids = fc.subarray(ALL, { minLength: 1 })
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('read' as const), ids }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refresh' as const), ids }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('evict' as const), ids }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('tag' as const), id: fc.constantFrom(...ALL) }) },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'prefix' as const }, { do: 'everything' as const }) },
)
const step: fc.Arbitrary<Step> = fc.record({ process: fc.constantFrom(0 as const, 1 as const), act })

const zero = () => ({ a: 0, b: 0, c: 0 })

/** Two processes with one store, each step begun at a random moment and each message arriving at a random moment. */
async function runInterleaved(steps: Step[], scheduler: fc.Scheduler): Promise<void> {
  const store = memory()
  const truth = zero()
  // The newest truth that an eviction which has completed was about: nothing older may be read from the store any more.
  const evicted = zero()
  const processes = ['one', 'two'].map((name) => {
    const larder = createLarder({
      adapter: scheduled(store, scheduler, name),
      onEvent: (event) => {
        if (event.type === 'fill') process.loading[event.key.at(-2) as Id] -= 1
      },
    })
    const load = larder.cachedMany({ ttl: '1h', prefix: 'truth', tags: (id: Id) => [id] }, async (wanted: Id[]) => {
      for (const id of wanted) process.loading[id] += 1
      const seen = new Map(wanted.map((id) => [id, truth[id]]))
      await scheduler.schedule(Promise.resolve(), `${name} loads ${wanted}`)
      return seen
    })
    // `evictedHere`: by this process itself. `loading`: loads that a call could join.
    const process = { larder, load, evictedHere: zero(), loading: zero() }
    return process
  })

  const running = steps.map(async ({ process, act }, i) => {
    await scheduler.schedule(Promise.resolve(), `step ${i} ${act.do} begins`)
    const at = processes[process] as (typeof processes)[number]
    if (act.do === 'read' || act.do === 'refresh') {
      // A load under way knows nothing of evictions elsewhere, and may be joined. One of this process' own is off the board.
      const least = act.ids.map((id) => (at.loading[id] > 0 ? at.evictedHere : evicted)[id])
      const read = await (act.do === 'read' ? at.load(act.ids) : at.load.refresh(act.ids))
      expect([...read.keys()]).toEqual(act.ids)
      for (const [n, id] of act.ids.entries()) expect(read.get(id)).toBeGreaterThanOrEqual(least[n] as number)
      return
    }
    const about = act.do === 'evict' ? act.ids : act.do === 'tag' ? [act.id] : ALL
    const now = new Map<Id, number>()
    for (const id of about) now.set(id, ++truth[id])
    if (act.do === 'evict') await at.load.evict(act.ids)
    else if (act.do === 'tag') await at.larder.cache.evictTags(act.id)
    else if (act.do === 'prefix') await at.load.evictAll()
    else await at.larder.cache.clear()
    for (const [id, value] of now) {
      evicted[id] = Math.max(evicted[id], value)
      at.evictedHere[id] = Math.max(at.evictedHere[id], value)
    }
  })
  await scheduler.waitFor(Promise.all(running))

  // And what the store was left with is not older either.
  for (const { load } of processes) {
    const left = await scheduler.waitFor(load(ALL))
    for (const id of ALL) expect(left.get(id)).toBeGreaterThanOrEqual(evicted[id])
  }
}

test('never serves nor stores a value loaded before an eviction, whatever the interleaving', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(step, { minLength: 3, maxLength: 8 }), (scheduler, steps) =>
      runInterleaved(steps, scheduler),
    ),
    { numRuns: 2_000 },
  )
})
