import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Adapter, createLarder, type IdempotentOptions } from '../../src/index.js'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
let names = 0

/** What idempotent functions promise, over any adapter, in real time. */
export function idempotentCalls(open: () => Adapter | Promise<Adapter>): void {
  /** The same function in as many processes as asked for. */
  async function setUp<Result>(
    run: (request: string, body?: unknown) => Promise<Result>,
    {
      processes = 1,
      ...options
    }: Partial<IdempotentOptions<[request: string, body?: unknown]>> & { processes?: number } = {},
  ) {
    const prefix = `once ${names++}`
    const fn = vi.fn(run)
    const all = await Promise.all(
      Array.from({ length: processes }, async () => {
        const larder = createLarder({ adapter: await open(), store: { budget: '5s' } })
        onTestFinished(() => larder.close())
        await larder.health()
        const call = larder.idempotent(
          { prefix, key: (request: string) => request, ...options },
          async (request, body) => fn(request, body),
        )
        return { ...larder, call: call as (request: string, body?: unknown) => Promise<Result> }
      }),
    )
    return { fn, all, ...(all[0] as (typeof all)[0]) }
  }

  describe('a call with a key', () => {
    test('runs once: a later one with that key gets its result, types and all', async () => {
      const { fn, all } = await setUp(async (request) => new Map([[request, new Date(7)]]), { processes: 2 })
      const results = [await all[0]?.call('a'), await all[1]?.call('a'), await all[0]?.call('a')]
      for (const result of results) expect(result).toEqual(new Map([['a', new Date(7)]]))
      expect(fn).toHaveBeenCalledTimes(1)
      await all[1]?.call('b')
      expect(fn).toHaveBeenCalledTimes(2)
    })

    test.each([[undefined], [null], [''], [0]])('may result in %o', async (value) => {
      const { fn, call } = await setUp(async () => value)
      expect([await call('a'), await call('a')]).toEqual([value, value])
      expect(fn).toHaveBeenCalledTimes(1)
    })

    test('that fails frees its key, with its error as it is', async () => {
      const failure = new Error('card declined')
      const { fn, call } = await setUp(async () => {
        if (fn.mock.calls.length === 1) throw failure
        return 'paid'
      })
      await expect(call('a')).rejects.toBe(failure)
      expect(await call('a')).toBe('paid')
      expect(await call('a')).toBe('paid')
      expect(fn).toHaveBeenCalledTimes(2)
    })

    test('is not forgotten when the cache is cleared', async () => {
      const { fn, call, cache } = await setUp(async () => 1)
      await call('a')
      await cache.clear()
      await call('a')
      expect(fn).toHaveBeenCalledTimes(1)
    })

    test('is forgotten after its ttl', async () => {
      const { fn, call } = await setUp(async () => 1, { ttl: '100ms' })
      await call('a')
      await sleep(150)
      await call('a')
      expect(fn).toHaveBeenCalledTimes(2)
    })
  })

  describe('while a call is under way', () => {
    test('others with its key wait for its result', async () => {
      let runs = 0
      const { all } = await setUp(
        async () => {
          await sleep(50)
          return ++runs
        },
        { processes: 3 },
      )
      const results = await Promise.all([...all, ...all, ...all].map(({ call }) => call('a')))
      expect(results).toEqual(Array.from({ length: 9 }, () => 1))
    })

    test('others are refused at once, if so asked', async () => {
      const { fn, all } = await setUp(() => sleep(100).then(() => 'done'), { processes: 2, onConcurrent: 'conflict' })
      const first = all[0]?.call('a')
      await sleep(30)
      await expect(all[1]?.call('a')).rejects.toMatchObject({
        name: 'IdempotencyConflictError',
        code: 'ERR_IDEMPOTENCY_CONFLICT',
        key: 'a',
      })
      expect(await first).toBe('done')
      expect(await all[1]?.call('a')).toBe('done')
      expect(fn).toHaveBeenCalledTimes(1)
    })

    test('others wait no longer than `wait`', async () => {
      const { all } = await setUp(() => sleep(300), { processes: 2, wait: '50ms' })
      const first = all[0]?.call('a')
      await sleep(20)
      await expect(all[1]?.call('a')).rejects.toMatchObject({ code: 'ERR_IDEMPOTENCY_CONFLICT' })
      await first
    })

    test('one that waited for a call that failed runs itself', async () => {
      const { fn, all } = await setUp(
        async () => {
          await sleep(50)
          if (fn.mock.calls.length === 1) throw new Error('first')
          return 'second'
        },
        { processes: 2 },
      )
      const [first, second] = await Promise.allSettled([all[0]?.call('a'), sleep(20).then(() => all[1]?.call('a'))])
      expect(first).toMatchObject({ status: 'rejected' })
      expect(second).toMatchObject({ status: 'fulfilled', value: 'second' })
    })

    test('it may take longer than `lockTtl`', async () => {
      const { fn, all } = await setUp(() => sleep(1_800).then(() => 'slow'), { processes: 2, lockTtl: '800ms' })
      const results = await Promise.all(all.map(({ call }) => call('a')))
      expect(results).toEqual(['slow', 'slow'])
      expect(fn).toHaveBeenCalledTimes(1)
    })
  })

  describe('the payload', () => {
    const payload = (_: string, body?: unknown) => body

    test('of a repeated call has to be the same; the order of its keys does not count', async () => {
      const { fn, call } = await setUp(async () => 1, { payload })
      await call('a', { amount: 5, to: 'ada' })
      await call('a', { to: 'ada', amount: 5 })
      await expect(call('a', { amount: 6, to: 'ada' })).rejects.toMatchObject({
        name: 'IdempotencyMismatchError',
        code: 'ERR_IDEMPOTENCY_MISMATCH',
        key: 'a',
      })
      expect(fn).toHaveBeenCalledTimes(1)
    })

    test('that has no content to compare is refused by name, before anything runs', async () => {
      const { fn, call } = await setUp(async () => 1, { payload })
      await expect(call('a', () => 1)).rejects.toMatchObject({ name: 'UsageError', option: 'payload' })
      expect(fn).not.toHaveBeenCalled()
    })
  })

  test('a result that cannot be kept is returned, and its call never made again', async () => {
    const { fn, call } = await setUp(async () => ({ then_: () => 1 }))
    expect((await call('a')).then_()).toBe(1)
    await expect(call('a')).rejects.toMatchObject({ code: 'ERR_UNCACHEABLE_VALUE', path: '$.then_' })
    expect(fn).toHaveBeenCalledTimes(1)
  })
}
