import { describe, expect, test, vi } from 'vitest'
import { expectCommands, failing } from '../../../src/testing/index.js'
import { nearHits, startProcesses, withoutBus } from '../../support/near.js'

const SLICE_MS = 1_000

/** Two processes over a store that nobody can subscribe to. */
async function setUp() {
  const { start, clock, store } = startProcesses(withoutBus)
  const [one, two] = [start(), start()]
  let truth = 1
  const options = {
    ttl: '1h',
    prefix: 'find',
    local: { ttl: '1m' },
    tags: (id: string) => [`tag:${id}`],
  } as const
  const load = vi.fn(async (_id: string) => truth)
  const findInOne = one.cached(options, load)
  const findInTwo = two.cached(options, load)
  for (const find of [findInOne, findInTwo]) for (const id of ['a', 'b']) await find(id)
  return {
    start,
    store,
    clock,
    one,
    two,
    findInOne,
    findInTwo,
    change() {
      truth++
    },
  }
}

test('the second call of an invocation is a near hit, from the very first invocation on', async () => {
  const { start } = startProcesses(withoutBus)
  const one = start()
  const find = one.cached({ ttl: '1h', prefix: 'find', local: true }, async (id: string) => id)
  await find('a')
  await expectCommands(one.adapter, 0, async () => {
    for (let i = 0; i < 10; i++) await find('a')
  })
})

test('the first touch after a second asks for the stamps in use, by the command that the call needs anyway', async () => {
  const { one, findInOne, clock } = await setUp()
  await expectCommands(one.adapter, 0, () => findInOne('a'))
  clock.advance(SLICE_MS)
  await expectCommands(one.adapter, { getMany: 1 }, () => findInOne('a'))
  await expectCommands(one.adapter, 0, () => Promise.all([findInOne('a'), findInOne('b')]))
  clock.advance(SLICE_MS)
  // Those of one tick share the command, as without a near tier.
  await expectCommands(one.adapter, { getMany: 1 }, () => Promise.all([findInOne('a'), findInOne('b')]))
})

describe('an eviction elsewhere is seen within a second', () => {
  test.for<[string, (at: Awaited<ReturnType<typeof setUp>>) => Promise<unknown>, number]>([
    ['of a tag', ({ one }) => one.cache.evictTags('tag:a'), 1],
    ['of all of a function', ({ findInOne }) => findInOne.evictAll(), 0],
    ['of everything', ({ one }) => one.cache.clear(), 0],
    ['of a key', ({ findInOne }) => findInOne.evict('a'), 0],
    ['by `refresh`', ({ findInOne }) => findInOne.refresh('a'), 0],
  ])('%s', async ([, evict, others]) => {
    const at = await setUp()
    const { two, findInTwo, clock, change } = at
    change()
    await evict(at)
    expect(await findInTwo('a')).toBe(1)
    clock.advance(SLICE_MS)
    expect(await nearHits(two, () => findInTwo('c'))).toBe(0)
    expect(await nearHits(two, async () => expect(await findInTwo('a')).toBe(2))).toBe(0)
    // What has nothing to do with it is still there, unless it was a key: keys have one word in common.
    expect(await nearHits(two, () => findInTwo('b'))).toBe(others)
  })
})

test('an eviction by this process is seen at once', async () => {
  const { findInOne, change } = await setUp()
  change()
  await findInOne.evict('a')
  expect([await findInOne('a'), await findInOne('b')]).toEqual([2, 1])
})

test('a read that brings another word than before is kept under the new one', async () => {
  const { one, findInOne, findInTwo, change } = await setUp()
  change()
  await findInTwo.evict('b')
  // Not in the near tier: its read brings the news along.
  await findInOne('c')
  expect(await nearHits(one, async () => expect(await findInOne('b')).toBe(2))).toBe(0)
  expect(await nearHits(one, () => findInOne('b'))).toBe(1)
})

test('what comes late is not kept: an eviction was heard of since', async () => {
  const { start, store } = startProcesses(withoutBus)
  let release: (() => void) | undefined
  let isSlow = false
  const base = withoutBus(store)
  const one = start({
    adapter: {
      ...base,
      async getMany(keys) {
        const values = await store.getMany(keys)
        if (isSlow) await new Promise<void>((resolve) => (release = resolve))
        return values
      },
    },
  })
  const two = start()
  let truth = 1
  const options = { ttl: '1h', prefix: 'find', local: true } as const
  const find = one.cached(options, async (_id: string) => truth)
  const findInTwo = two.cached(options, async (_id: string) => truth)
  for (const id of ['a', 'b']) await findInTwo(id)
  await find('b')
  isSlow = true
  const reading = find('a')
  await vi.waitFor(() => expect(release).toBeDefined())
  isSlow = false
  truth = 2
  await findInTwo.evict('a')
  await find('c')
  release?.()
  expect(await reading).toBe(1)
  expect(await find('a')).toBe(2)
})

test('nothing is served on old news when the store fails', async () => {
  const { start, clock, store } = startProcesses()
  const down = failing(withoutBus(store), { active: false })
  const one = start({ adapter: down })
  let truth = 1
  const find = one.cached({ ttl: '1h', prefix: 'find', local: { ttl: '1h' } }, async () => truth)
  await find()
  expect(await nearHits(one, find)).toBe(1)
  down.active = true
  truth = 2
  expect(await find()).toBe(1)
  clock.advance(SLICE_MS)
  for (let i = 0; i < 3; i++) expect(await find()).toBe(2)
  down.active = false
  clock.advance(10_000)
  expect(await find()).toBe(1)
})

test('a clock that was set back makes old news no younger', async () => {
  let nowMs = 1_700_000_000_000
  const { start } = startProcesses(withoutBus)
  const [one, two] = [start({ now: () => nowMs }), start()]
  let truth = 1
  const options = { ttl: '1h', prefix: 'find', local: { ttl: '1h' } } as const
  const find = one.cached(options, async (_id: string) => truth)
  const findInTwo = two.cached(options, async (_id: string) => truth)
  await find('a')
  nowMs -= 3_600_000
  await find('b')
  truth = 2
  await findInTwo.evict('b')
  nowMs += SLICE_MS
  expect(await find('b')).toBe(2)
})

test('more than 500 stamps are not asked for: what is under the others is forgotten', async () => {
  const { start, clock } = startProcesses(withoutBus)
  const one = start()
  const find = one.cached(
    { ttl: '1h', prefix: 'find', local: { ttl: '1h' }, tags: (id: number) => [`tag:${id}`] },
    async (id: number) => id,
  )
  for (let id = 0; id < 600; id++) await find(id)
  clock.advance(SLICE_MS)
  await expectCommands(one.adapter, { getMany: 1 }, () => find(599))
  const hits = await nearHits(one, async () => {
    for (let id = 599; id >= 0; id--) expect(await find(id)).toBe(id)
  })
  // Two of the words are those of the namespace and of the function.
  expect(hits).toBe(498)
  clock.advance(SLICE_MS - 1)
  expect(await nearHits(one, () => find(0))).toBe(1)
})

test('an eviction of a key costs one command more, others none', async () => {
  const { one, findInOne } = await setUp()
  await expectCommands(one.adapter, { set: 2 }, () => findInOne.evict('a'))
  await expectCommands(one.adapter, { set: 1 }, () => one.cache.evictTags('tag:a'))
  await expectCommands(one.adapter, { set: 1 }, () => one.cache.clear())
})
