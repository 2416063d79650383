import { expect, test } from 'vitest'
import { createLarder, memory } from '../../src/index.js'
import { counting, expectCommands } from '../../src/testing/counting.js'
import { intercept } from '../../src/testing/intercept.js'

function setUp(options: { blockCache?: number; algorithm?: 'gcra' | 'concurrency' } = {}) {
  let nowMs = 1_700_000_000_000
  const now = () => nowMs
  const store = counting(memory({ now }))
  const { limiter } = createLarder({ adapter: store, now })
  const rule = { prefix: 'api', limit: 5, per: '1m' } as const
  return {
    limiter,
    rule,
    api: limiter({ ...rule, ...options }),
    store,
    advance(ms: number) {
      nowMs += ms
    },
  }
}

test('a call that was refused is refused again without the store, until it could pass', async () => {
  const { api, store, advance } = setUp()
  await api.check('k', { cost: 5 })
  const first = await expectCommands(store, 1, () => api.check('k'))
  for (const elapsedMs of [0, 1, 30_000, 29_998]) {
    advance(elapsedMs)
    const again = await expectCommands(store, 0, () => api.check('k'))
    expect(again.status).toBe('denied')
  }
  expect(first.retryAfterMs).toBe(60_000)
  expect(await api.check('k')).toMatchObject({ remaining: 0, retryAfterMs: 1, resetMs: 1 })
  advance(1)
  expect(await expectCommands(store, 1, () => api.check('k'))).toMatchObject({ status: 'allowed' })
})

test('what is known of one cost is not taken for another: only the store can tell for how long', async () => {
  const { api, store } = setUp()
  await api.check('k', { cost: 3 })
  for (const cost of [3, 4, 5]) await expectCommands(store, 1, () => api.check('k', { cost }))
  for (const cost of [3, 4, 5]) await expectCommands(store, 0, () => api.check('k', { cost }))
  expect(await expectCommands(store, 1, () => api.check('k', { cost: 2 }))).toMatchObject({ status: 'allowed' })
  for (const cost of [1, 2]) await expectCommands(store, 1, () => api.check('k', { cost }))
  // Of four costs at most: the ones that were refused last.
  await expectCommands(store, 0, () => api.check('k', { cost: 2 }))
  await expectCommands(store, 1, () => api.check('k', { cost: 3 }))
})

test('a refund, a reset and another limit clear it', async () => {
  const { api } = setUp()
  await api.check('k', { cost: 5 })
  await api.check('k')
  await api.refund('k')
  expect(await api.check('k')).toMatchObject({ status: 'allowed' })
  expect(await api.check('k')).toMatchObject({ status: 'denied' })
  await api.reset('k')
  expect(await api.check('k', { cost: 5 })).toMatchObject({ status: 'allowed' })
  expect(await api.check('k')).toMatchObject({ status: 'denied' })
  expect(await api.check('k', { limit: 6 })).toMatchObject({ status: 'allowed' })
  expect(await api.check('k', { limit: 6 })).toMatchObject({ status: 'denied' })
  expect(await api.check('k', { limit: 5 })).toMatchObject({ status: 'denied', limit: 5 })
})

test('so do those of another limiter with the same counters: the one behind a decorator has no other', async () => {
  const { api, limiter, rule, store } = setUp()
  const same = limiter(rule)
  for (const change of [() => same.reset('k'), () => same.refund('k', 5)]) {
    await api.check('k', { cost: 5 })
    expect(await api.check('k')).toMatchObject({ status: 'denied' })
    await expectCommands(store, 0, () => api.check('k'))
    await change()
    expect(await api.check('k')).toMatchObject({ status: 'allowed' })
    await same.reset('k')
  }
})

test('a denial that was on its way while the key was reset is not remembered', async () => {
  let slow: Promise<void> | undefined
  const store = intercept(memory(), async ({ method, proceed }) => {
    const answer = await proceed()
    if (method === 'run') await slow
    return answer
  })
  const api = createLarder({ adapter: store }).limiter({ prefix: 'api', limit: 5, per: '1m' })
  await api.check('k', { cost: 5 })
  let arrive = () => {}
  slow = new Promise((resolve) => {
    arrive = resolve
  })
  const late = api.check('k')
  await api.reset('k')
  arrive()
  expect(await late).toMatchObject({ status: 'denied' })
  expect(await api.check('k')).toMatchObject({ status: 'allowed' })
})

test('many changes of other keys forget at worst what is known, and never make up a denial', async () => {
  const { api, limiter, rule, store } = setUp()
  await api.check('k', { cost: 5 })
  await api.check('k')
  const same = limiter(rule)
  for (let i = 0; i < 1_001; i++) await same.reset(`other ${i}`)
  expect(await expectCommands(store, 1, () => api.check('k'))).toMatchObject({ status: 'denied' })
  await expectCommands(store, 0, () => api.check('k'))
})

test('one key’s denial is no other’s; peek always asks', async () => {
  const { api, store } = setUp()
  await api.check('k', { cost: 5 })
  await api.check('k')
  expect(await expectCommands(store, 1, () => api.check('other'))).toMatchObject({ status: 'allowed' })
  expect(await expectCommands(store, 1, () => api.peek('k'))).toMatchObject({ status: 'denied' })
})

test('it is bounded: the key that was refused first is asked for again', async () => {
  const { api, store } = setUp({ blockCache: 2 })
  for (const key of ['a', 'b', 'c']) {
    await api.check(key, { cost: 5 })
    await api.check(key)
  }
  await expectCommands(store, 0, () => api.check('b'))
  await expectCommands(store, 0, () => api.check('c'))
  await expectCommands(store, 1, () => api.check('a'))
})

test('0 remembers nothing', async () => {
  const { api, store } = setUp({ blockCache: 0 })
  await api.check('k', { cost: 5 })
  await expectCommands(store, 2, async () => {
    await api.check('k')
    await api.check('k')
  })
})

test('a place may come free at any time: concurrency always asks', async () => {
  const { api, store } = setUp({ algorithm: 'concurrency' })
  const { release } = await api.check('k', { cost: 5 })
  await expectCommands(store, 1, () => api.check('k'))
  await release?.()
  expect(await expectCommands(store, 1, () => api.check('k'))).toMatchObject({ status: 'allowed' })
})

test('a spell of denials never outlasts what the store itself would say', async () => {
  const { limiter, rule, advance } = setUp()
  const remembering = limiter({ ...rule, limit: 3 })
  const asking = limiter({ ...rule, limit: 3, blockCache: 0 })
  for (let i = 0; i < 3_000; i++) {
    advance(Math.floor(Math.random() * 9_000))
    const cost = 1 + Math.floor(Math.random() * 3)
    const truth = await asking.peek('k', { cost })
    const told = await remembering.check('k', { cost })
    expect([told.allowed, told.retryAfterMs]).toEqual([truth.allowed, truth.retryAfterMs])
  }
})
