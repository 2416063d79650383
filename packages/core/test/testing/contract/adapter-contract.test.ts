import { describe, expect, test, vi } from 'vitest'
import { memory } from '../../../src/index.js'
import { type AdapterCall, adapterContract, fakeClock, intercept } from '../../../src/testing/index.js'

const passOn = ({ proceed }: AdapterCall) => proceed()

test('names each case once, under a capability', () => {
  const cases = adapterContract({ create: memory })
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
  expect(new Set(cases.map(({ capability }) => capability))).toEqual(
    new Set([
      'values',
      'keys',
      'ttl',
      'conditions',
      'ownership',
      'deletion',
      'globs',
      'scripts',
      'product scripts',
      'pubsub',
      'abort',
      'lifecycle',
    ]),
  )
})

test('makes no adapter before a case runs, and one for each case', async () => {
  const create = vi.fn(() => memory())
  const [first, second] = adapterContract({ create })
  expect(create).not.toHaveBeenCalled()
  await first?.run()
  await second?.run()
  expect(create).toHaveBeenCalledTimes(2)
})

test('waits for an adapter that takes its time to make', async () => {
  const [first] = adapterContract({ create: async () => memory() })
  await expect(first?.run()).resolves.toBeUndefined()
})

describe('on a store that holds the keys of others', () => {
  /** One store for all cases: closing an adapter leaves the store as it is. */
  const share = () => {
    const clock = fakeClock()
    const store = memory({ now: clock.now, maxEntries: 100_000 })
    const create = () => {
      let closed = false
      const adapter = intercept(store, async ({ proceed }) => {
        if (closed) throw new Error('closed')
        return proceed()
      })
      const close = async () => {
        closed = true
      }
      const client = async () => {
        if (closed) throw new Error('closed')
        return store.client()
      }
      return { ...adapter, client, close }
    }
    return { store, cases: adapterContract({ create, advance: clock.advance }) }
  }

  test('leaves those keys alone and takes its own away', async () => {
    const { store, cases } = share()
    const others = ['a', 'user:1', 'larder-contract:', '*', '']
    for (const key of others) await store.set(key, 'not yours')
    for (const { run } of cases) await run()
    expect([...((await store.client()) as Map<string, unknown>).keys()].sort()).toEqual([...others].sort())
  })

  test('keeps its cases apart when they run at once', async () => {
    const { cases } = share()
    // Those that move the clock would move it for all.
    const timeless = cases.filter(({ capability }) => ['values', 'keys', 'globs', 'pubsub'].includes(capability))
    const standing = timeless.filter(({ name }) => !name.includes('expired'))
    await expect(Promise.all(standing.map(({ run }) => run()))).resolves.toHaveLength(standing.length)
  })
})

test('asks for no pub/sub of an adapter that says it has none', async () => {
  const create = () => {
    const { publish: _publish, subscribe: _subscribe, ...quiet } = intercept(memory(), passOn)
    return { ...quiet, capabilities: { ...quiet.capabilities, subscribe: false } }
  }
  for (const { capability, run } of adapterContract({ create })) {
    if (capability === 'pubsub') await expect(run()).resolves.toBeUndefined()
  }
})

test('holds an adapter with coarse ttls to what it says', async () => {
  const clock = fakeClock()
  const granularityMs = 1_000
  const upToSeconds = (ms: number) => Math.ceil(ms / granularityMs) * granularityMs
  const create = () => {
    // Its time goes in whole seconds, so a key may live up to one longer.
    const store = memory({ now: () => Math.floor(clock.now() / granularityMs) * granularityMs })
    const coarse: typeof store = {
      ...store,
      capabilities: { ...store.capabilities, ttlGranularityMs: granularityMs },
      set: (key, value, options = {}) =>
        store.set(key, value, isTtl(options.ttlMs) ? { ...options, ttlMs: upToSeconds(options.ttlMs) } : options),
      expireIf: (key, matches, ttlMs) => store.expireIf(key, matches, isTtl(ttlMs) ? upToSeconds(ttlMs) : ttlMs),
    }
    return coarse
  }
  const cases = adapterContract({ create, advance: clock.advance })
  for (const { capability, run } of cases) {
    if (['ttl', 'conditions', 'ownership', 'deletion'].includes(capability)) await run()
  }
})

const isTtl = (ttlMs: number | undefined): ttlMs is number => Number.isInteger(ttlMs) && Number(ttlMs) > 0
