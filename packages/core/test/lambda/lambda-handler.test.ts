import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { createLarder, memory, UsageError } from '../../src/index.js'
import { beginInvocation, type Callback, lambdaHandler, runInvocation } from '../../src/lambda/index.js'
import { hanging } from '../../src/testing/index.js'

const contextWith = (remainingMs: number) => ({ getRemainingTimeInMillis: () => remainingMs, awsRequestId: 'r1' })
const context = contextWith(3_000)
type Context = typeof context

/** A stale result, whose refresh takes `ms`. */
async function staleProduct(ms: number) {
  let nowMs = 0
  const larder = createLarder({ now: () => nowMs })
  onTestFinished(() => larder.close())
  const runs: string[] = []
  let loads = 0
  const product = larder.cached({ ttl: '1s', prefix: 'product', staleWhileRevalidate: '1h' }, async () => {
    runs.push('begun')
    if (loads++) await new Promise((resolve) => setTimeout(resolve, ms))
    runs.push('ended')
    return `jam ${loads}`
  })
  await product()
  nowMs = 2_000
  runs.length = 0
  return { product, runs }
}

describe('a wrapped handler', () => {
  test('answers when the work behind the answer has ended: nothing is left to a frozen process', async () => {
    const { product, runs } = await staleProduct(50)
    const handler = lambdaHandler(async (event: { id: string }, { awsRequestId }: Context) => ({
      id: event.id,
      awsRequestId,
      product: await product(),
    }))
    expect(await handler({ id: 'p1' }, context)).toEqual({ id: 'p1', awsRequestId: 'r1', product: 'jam 1' })
    expect(runs).toEqual(['begun', 'ended'])
  })

  test('rejects with the very error of the handler, and drains all the same', async () => {
    const { product, runs } = await staleProduct(20)
    const error = new Error('out of jam')
    const handler = lambdaHandler(async () => {
      await product()
      throw error
    })
    await expect(handler({}, context)).rejects.toBe(error)
    expect(runs).toEqual(['begun', 'ended'])
  })

  test('answers in the time that the invocation has, although work behind it does not end', async () => {
    const { product } = await staleProduct(1_000)
    const handler = lambdaHandler(async () => product())
    const startedMs = performance.now()
    expect(await handler({}, contextWith(250))).toBe('jam 1')
    const tookMs = performance.now() - startedMs
    expect(tookMs).toBeGreaterThan(150)
    expect(tookMs).toBeLessThan(250)
  })

  test('lets no store call take longer than the invocation has left', async () => {
    const larder = createLarder({ adapter: hanging(memory()), store: { budget: '10s' } })
    const product = larder.cached('1m', 'product', async () => 'jam')
    const startedMs = performance.now()
    expect(await lambdaHandler(async () => product())({}, contextWith(250))).toBe('jam')
    expect(performance.now() - startedMs).toBeLessThan(400)
  })

  test('gives store calls their own time again when the invocation is over', async () => {
    await lambdaHandler(async () => 1)({}, contextWith(60))
    const larder = createLarder({ adapter: hanging(memory()), store: { budget: '150ms' } })
    const startedMs = performance.now()
    await larder.cached('1m', 'product', async () => 'jam')()
    expect(performance.now() - startedMs).toBeGreaterThan(120)
  })

  test('takes handlers of the callback style, whichever way they answer', async () => {
    const byCallback = lambdaHandler((event: number, _: Context, callback: Callback<number>) => {
      setTimeout(() => callback(null, event + 1))
    })
    expect(await byCallback(1, context)).toBe(2)
    expect(byCallback).toHaveLength(2)
    const failing = lambdaHandler((_: unknown, __: Context, callback: Callback<number>) => callback('out of jam'))
    await expect(failing({}, context)).rejects.toBe('out of jam')
    const byPromise = lambdaHandler(async (event: number, _: Context, __: Callback<number>) => event + 1)
    expect(await byPromise(1, context)).toBe(2)
    const throwing = lambdaHandler((_: unknown, __: Context, ___: Callback<number>) => {
      throw new RangeError('no such jam')
    })
    await expect(throwing({}, context)).rejects.toThrow(RangeError)
  })

  test('keeps the types of event and answer', () => {
    const handler = lambdaHandler(async (event: { id: string }, _: Context) => event.id.length)
    expectTypeOf(handler).toEqualTypeOf<(event: { id: string }, context: Context) => Promise<number>>()
  })

  test('refuses what is no handler, and a call without the context of an invocation', async () => {
    expect(() => lambdaHandler(undefined as never)).toThrow(UsageError)
    await expect(lambdaHandler(async () => 1)({}, undefined as never)).rejects.toThrow('`context` must be')
  })
})

test('frameworks with hooks of their own begin and end the invocation themselves', async () => {
  const { product, runs } = await staleProduct(20)
  const end = beginInvocation(context)
  await product()
  await end()
  expect(runs).toEqual(['begun', 'ended'])
  await end()
})

test('a streamed answer goes out first, and the invocation ends when the work behind it has', async () => {
  const { product, runs } = await staleProduct(20)
  const sent: unknown[] = []
  await runInvocation(context, async () => {
    sent.push(await product())
    expect(runs).not.toContain('ended')
  })
  expect(sent).toEqual(['jam 1'])
  expect(runs).toEqual(['begun', 'ended'])
})
