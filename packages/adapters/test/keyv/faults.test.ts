import { type Adapter, memory, StoreError } from '@larder/core'
import { failing, hanging, intercept, lying } from '@larder/core/testing'
import Keyv, { type KeyvOptions } from 'keyv'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type ToKeyvOptions, toKeyv } from '../../src/keyv/index.js'

const down = new Error('the store is down')

/** A Keyv, and what it has emitted as `error`. */
function listen(adapter: Adapter, keyvOptions: KeyvOptions = {}, options: ToKeyvOptions = {}) {
  const keyv = new Keyv({ store: toKeyv(adapter, options), ...keyvOptions })
  const errors: unknown[] = []
  keyv.on('error', (error: unknown) => errors.push(error))
  return { keyv, errors }
}

/** What each call answers, and what it says of the failure. */
const calls: [name: string, call: (keyv: Keyv) => Promise<unknown>, answer: unknown, operation: string][] = [
  ['get', (keyv) => keyv.get('a'), undefined, 'getMany'],
  ['getMany', (keyv) => keyv.getMany(['a', 'b']), [undefined, undefined], 'getMany'],
  ['getManyRaw', (keyv) => keyv.getManyRaw(['a', 'b']), [undefined, undefined], 'getMany'],
  ['has', (keyv) => keyv.has('a'), false, 'getMany'],
  ['hasMany', (keyv) => keyv.hasMany(['a', 'b']), [false, false], 'getMany'],
  ['set', (keyv) => keyv.set('a', 1), false, 'set'],
  ['setMany', (keyv) => keyv.setMany([{ key: 'a', value: 1 }]), [false], 'set'],
  ['delete', (keyv) => keyv.delete('a'), false, 'delete'],
  ['deleteMany', (keyv) => keyv.delete(['a', 'b']), false, 'delete'],
  ['clear', (keyv) => keyv.clear(), undefined, 'ping'],
]

describe('when the store is down', () => {
  test.each(calls)('%s answers, and tells of it once', async (_, call, answer, operation) => {
    const { keyv, errors } = listen(failing(memory(), { error: down }))
    expect(await call(keyv)).toEqual(answer)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatchObject({
      code: 'ERR_STORE',
      adapter: 'memory',
      operation,
      reason: 'unavailable',
      cause: down,
    })
  })

  test.each(calls)('%s throws where Keyv and the store are told to', async (_, call, __, operation) => {
    const adapter = failing(memory(), { error: down })
    const { keyv } = listen(adapter, { throwOnErrors: true }, { throwOnErrors: true })
    await expect(call(keyv)).rejects.toMatchObject({ code: 'ERR_STORE', operation, cause: down })
  })

  test('getRaw rejects, because Keyv does not catch there', async () => {
    const { keyv, errors } = listen(failing(memory()))
    await expect(keyv.getRaw('a')).rejects.toThrow(StoreError)
    expect(errors).toHaveLength(1)
  })

  test('it is used again as soon as it is back', async () => {
    const adapter = failing(memory())
    const { keyv } = listen(adapter)
    expect(await keyv.set('a', 1)).toBe(false)
    adapter.active = false
    expect(await keyv.set('a', 1)).toBe(true)
    expect(await keyv.get('a')).toBe(1)
  })

  test('an adapter that throws is one that rejects', async () => {
    const throwing = Object.assign(memory(), {
      getMany() {
        throw down
      },
    })
    const { keyv, errors } = listen(throwing)
    expect(await keyv.get('a')).toBeUndefined()
    expect(errors).toMatchObject([{ reason: 'unavailable', cause: down }])
  })
})

describe('when the store hangs', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  /** How many milliseconds `call` takes, at most `limitMs`. */
  async function durationOf(call: Promise<unknown>, limitMs: number): Promise<number> {
    const startedMs = Date.now()
    let durationMs = Number.NaN
    const done = call.finally(() => {
      durationMs = Date.now() - startedMs
    })
    await vi.advanceTimersByTimeAsync(limitMs)
    await done
    return durationMs
  }

  test.each(calls)('%s answers within the budget', async (_, call, answer, operation) => {
    const { keyv, errors } = listen(hanging(memory()))
    const result = call(keyv)
    expect(await durationOf(result, 10_000)).toBe(250)
    expect(await result).toEqual(answer)
    expect(errors).toMatchObject([{ code: 'ERR_STORE', operation, reason: 'timeout' }])
  })

  test('the budget is what the adapter asks for, or what you say', async () => {
    const patient = Object.assign(hanging(memory()), { capabilities: { ...memory().capabilities, budgetMs: 1_000 } })
    expect(await durationOf(new Keyv(toKeyv(patient)).get('a'), 10_000)).toBe(1_000)
    expect(await durationOf(new Keyv(toKeyv(patient, { budget: '50ms' })).get('a'), 10_000)).toBe(50)
    expect(await durationOf(new Keyv(toKeyv(patient, { budget: 2 })).get('a'), 10_000)).toBe(2_000)
  })

  test('the adapter hears that nobody waits any longer', async () => {
    let signal: AbortSignal | undefined
    const adapter: Adapter = {
      ...memory(),
      getMany: (_, call) => {
        signal = call?.signal
        return new Promise(() => {})
      },
    }
    const answer = new Keyv(toKeyv(adapter)).get('a')
    await vi.advanceTimersByTimeAsync(240)
    expect(signal?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(20)
    expect(signal?.aborted).toBe(true)
    expect(await answer).toBeUndefined()
  })

  test('clear gives up at once, and a walk that has begun after a minute', async () => {
    const adapter = hanging(memory(), { when: ({ method }) => method === 'deleteMatching' })
    const { keyv, errors } = listen(adapter)
    expect(await durationOf(keyv.clear(), 100_000)).toBe(60_000)
    expect(errors).toMatchObject([{ operation: 'deleteMatching', reason: 'timeout' }])
  })

  test('no timer is left behind by calls that were answered', async () => {
    const { keyv } = listen(memory())
    await keyv.set('a', 1)
    await keyv.get('a')
    await keyv.clear()
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('answers of a shape that no store should give are failures, not values', async () => {
  for (const answer of ['OK', {}, [undefined], [1], [], [null, null], undefined]) {
    const { keyv, errors } = listen(lying(memory(), { answer: () => answer }))
    expect(await keyv.get('a')).toBeUndefined()
    expect(errors).toMatchObject([{ reason: 'malformed' }])
  }
})

test('a StoreError of the adapter keeps its reason', async () => {
  const adapter = intercept(memory(), async () => {
    throw new StoreError('memory', 'getMany', 'malformed')
  })
  await expect(toKeyv(adapter).get('a')).rejects.toMatchObject({ reason: 'malformed' })
})

test('listeners hear of failed reads until they are taken off', async () => {
  const store = toKeyv(failing(memory()))
  const heard: unknown[] = []
  const listener = (error: unknown) => heard.push(error)
  store.on('error', listener).on('another', listener)
  await expect(store.get('a')).rejects.toThrow(StoreError)
  await expect(store.set('a', '1')).rejects.toThrow(StoreError)
  expect(heard).toHaveLength(1)
  store.off('error', listener).off('error', listener)
  await expect(store.get('a')).rejects.toThrow(StoreError)
  expect(heard).toHaveLength(1)
})
