import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLarder, Idempotent, type IdempotentOptions, type LarderEvent, memory } from '../../src/index.js'
import { counting, expectCommands } from '../../src/testing/counting.js'
import { failing, hanging, lossy } from '../../src/testing/faults.js'
import { idempotentCalls } from './suite.js'

describe('over the embedded store', () => {
  let store = memory()
  beforeEach(() => {
    store = memory()
  })
  idempotentCalls(() => ({ ...store, close: async () => {} }))
})

const byFirst = { prefix: 'pay', key: (request: string) => request }

test('a new call takes five commands, one that was made takes one', async () => {
  const store = counting(memory())
  const { idempotent } = createLarder({ adapter: store })
  const pay = idempotent(byFirst, async (request: string) => request)
  await expectCommands(store, { getMany: 2, run: 1, set: 1, deleteIf: 1 }, () => pay('a'))
  await expectCommands(store, { getMany: 1 }, () => pay('a'))
})

describe('when the store fails', () => {
  const run = vi.fn(async (_request: string) => 'paid')
  beforeEach(() => {
    vi.useFakeTimers()
    run.mockClear()
  })
  afterEach(() => {
    vi.useRealTimers()
  })
  const settle = async <T>(promise: Promise<T>, ms = 1_000): Promise<T | unknown> => {
    const caught = promise.catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(ms)
    return caught
  }
  const setUp = (store = memory(), options: Partial<IdempotentOptions<[request: string]>> = {}) => {
    const events: LarderEvent[] = []
    const { idempotent } = createLarder({ adapter: store, onEvent: (event) => events.push(event) })
    return { pay: idempotent({ ...byFirst, ...options }, run), events }
  }

  test.each([failing, hanging, lossy])('before the call, it does not run: %o', async (fault) => {
    const { pay } = setUp(fault(memory()))
    expect(await settle(pay('a'))).toMatchObject({ name: 'StoreError', code: 'ERR_STORE' })
    expect(run).not.toHaveBeenCalled()
  })

  test.each(['getMany', 'run'])('at %s, it runs unprotected if so asked, and says so', async (operation) => {
    const store = failing(memory(), { when: ({ method }) => method === operation })
    const { pay, events } = setUp(store, { onStoreError: 'run' })
    expect(await settle(pay('a'))).toBe('paid')
    expect(events).toContainEqual(expect.objectContaining({ type: 'fallback', operation: 'idempotent', prefix: 'pay' }))
  })

  test('after the call, its result is returned, and kept when the store is back', async () => {
    const store = failing(memory(), { when: ({ method }) => method === 'set' })
    const { pay, events } = setUp(store)
    expect(await settle(pay('a'), 200)).toBe('paid')
    expect(events).toContainEqual(expect.objectContaining({ type: 'fallback', operation: 'idempotent' }))
    // Until then the call counts as under way.
    expect(await settle(pay('a'), 5_000)).toMatchObject({ code: 'ERR_IDEMPOTENCY_CONFLICT' })
    store.active = false
    expect(await settle(pay('a'), 5_000)).toBe('paid')
    expect(run).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('a record that nobody can read is no reason to run again', async () => {
    const store = memory()
    const { pay } = setUp(store)
    await pay('a')
    const entries = (await store.client()) as Map<string, { value: string }>
    for (const [key, entry] of entries) if (key.includes('$once')) entry.value = 'nonsense'
    expect(await settle(pay('a'))).toMatchObject({ code: 'ERR_STORE', reason: 'malformed' })
    expect(run).toHaveBeenCalledTimes(1)
  })

  test('an invocation that is killed at its time limit frees its key at that moment', async () => {
    const store = memory()
    const endsAtMs = Date.now() + 3_000
    const killed = setUp(store, { remainingMs: () => endsAtMs - Date.now() })
    run.mockImplementationOnce(() => new Promise(() => {}))
    killed.pay('a')
    await vi.advanceTimersByTimeAsync(2_000)
    const { pay } = setUp(store, { wait: 0 })
    expect(await settle(pay('a'), 10)).toMatchObject({ code: 'ERR_IDEMPOTENCY_CONFLICT' })
    await vi.advanceTimersByTimeAsync(990)
    expect(await settle(pay('a'), 10)).toBe('paid')
  })

  test.each([['paid'], [null]])(
    'of two that ran because a lock was lost, the first result that was kept is for all: %o',
    async (kept) => {
      const store = memory()
      const first = setUp(store)
      const second = setUp(store)
      run.mockImplementationOnce(async () => {
        await new Promise((resolve) => setTimeout(resolve, 1_000))
        return 'first'
      })
      run.mockImplementationOnce(async () => kept as string)
      const slow = first.pay('a')
      await vi.advanceTimersByTimeAsync(500)
      for (const [key] of (await store.client()) as Map<string, unknown>)
        if (key.includes('$lock')) await store.delete([key])
      expect(await settle(second.pay('a'), 10)).toBe(kept)
      await vi.advanceTimersByTimeAsync(1_000)
      expect(await slow).toBe(kept)
    },
  )
})

test('@Idempotent does it for a method, with `this` and a prefix of its own', async () => {
  class Checkout {
    readonly made: string[] = []
    @Idempotent({ key: (request: string) => request, ttl: '1m' })
    async order(request: string): Promise<number> {
      return this.made.push(request)
    }
  }
  const checkout = new Checkout()
  expect([await checkout.order('a'), await checkout.order('a'), await checkout.order('b')]).toEqual([1, 1, 2])
})

const key = () => 'a'
test.each<[object, string]>([
  [{ key: 'a' }, 'key'],
  [{ key, ttl: 0 }, 'ttl'],
  [{ key, lockTtl: -1 }, 'lockTtl'],
  [{ key, wait: 'soon' }, 'wait'],
  [{ key, onConcurrent: 'skip' }, 'onConcurrent'],
  [{ key, onStoreError: 'allow' }, 'onStoreError'],
])('%o is refused by name', (options, option) => {
  const { idempotent, Idempotent } = createLarder()
  const refused = expect.objectContaining({ name: 'UsageError', option })
  expect(() => idempotent({ prefix: 'p', key, ...options }, async () => 1)).toThrow(refused)
  expect(() => Idempotent({ key, ...options })).toThrow(refused)
})

test('a call without a key is refused, and does not run', async () => {
  const { idempotent } = createLarder()
  const run = vi.fn(async () => 1)
  const call = idempotent(
    { prefix: 'p', key: (key?: string) => key as string },
    run as (key?: string) => Promise<number>,
  )
  for (const key of [undefined, '', 7 as never]) {
    await expect(call(key)).rejects.toMatchObject({ name: 'UsageError', option: 'key' })
  }
  expect(run).not.toHaveBeenCalled()
})
