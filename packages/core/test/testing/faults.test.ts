import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { embeddedRead } from '../../src/adapter/memory.js'
import { createLarder, memory, StoreError } from '../../src/index.js'
import { failing, hanging, lossy, lying, slow } from '../../src/testing/index.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const doubles = {
  failing,
  hanging,
  slow: (adapter: ReturnType<typeof memory>, options = {}) => slow(adapter, 1_000, options),
  lying,
  lossy,
}

/** Where a call stands after a while. */
async function stateOf(call: Promise<unknown>): Promise<'answered' | 'rejected' | 'pending'> {
  let state: 'answered' | 'rejected' | 'pending' = 'pending'
  call.then(
    () => (state = 'answered'),
    () => (state = 'rejected'),
  )
  await vi.advanceTimersByTimeAsync(60_000)
  return state
}

describe.each(Object.entries(doubles))('%s', (_name, double) => {
  test('is a store elsewhere, so that time limit and breaker apply', () => {
    expect(embeddedRead(double(memory()))).toBeUndefined()
  })

  test('can be switched off and on while in use', async () => {
    const store = double(memory(), { active: false })
    expect(store.active).toBe(false)
    expect(await store.set('a', 'A')).toBe(true)
    expect(await store.getMany(['a'])).toEqual(['A'])

    store.active = true
    const faulty = await stateOf(store.getMany(['a']).then((values) => expect(values).toEqual(['A'])))
    // Only the slow store still gives the right answer, and that late.
    expect(faulty).toBe(double === doubles.slow ? 'answered' : double === hanging ? 'pending' : 'rejected')

    store.active = false
    expect(await store.getMany(['a'])).toEqual(['A'])
  })

  test('strikes only the calls that `when` selects', async () => {
    const store = double(memory(), { when: ({ method }) => method === 'delete' })
    expect(await store.set('a', 'A')).toBe(true)
    expect(await store.getMany(['a'])).toEqual(['A'])
  })

  test('lets a cached call answer all the same', async () => {
    const { cached } = createLarder({ adapter: double(memory()) })
    const find = cached('5m', 'find', async (id: string) => `found ${id}`)
    const found = find('a')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await found).toBe('found a')
  })
})

describe('failing', () => {
  test('rejects every call with the error it was given, and sends nothing', async () => {
    const store = memory()
    const error = new Error('no route to host')
    const down = failing(store, { error })
    await expect(down.set('a', 'A')).rejects.toBe(error)
    await expect(down.getMany(['a'])).rejects.toBe(error)
    await expect(down.ping()).rejects.toBe(error)
    expect(await store.getMany(['a'])).toEqual([null])
  })

  test('opens the breaker of a toolkit', async () => {
    const { cache, health } = createLarder({ adapter: failing(memory(), { error: new Error('down') }) })
    for (let failure = 0; failure < 5; failure++) {
      const refused = expect(cache.evictTags('t')).rejects.toBeInstanceOf(StoreError)
      await vi.advanceTimersByTimeAsync(1_000)
      await refused
    }
    expect((await health()).adapters.memory?.breaker).toBe('open')
  })
})

describe('hanging', () => {
  test('never answers, not even an aborted call, and sends nothing', async () => {
    const store = memory()
    const hung = hanging(store)
    expect(await stateOf(hung.set('a', 'A'))).toBe('pending')
    expect(await stateOf(hung.getMany(['a'], { signal: AbortSignal.abort() }))).toBe('pending')
    expect(await store.getMany(['a'])).toEqual([null])
  })

  test('runs into the time limit of a toolkit', async () => {
    const { cache } = createLarder({ adapter: hanging(memory()) })
    const refused = expect(cache.evictTags('t')).rejects.toMatchObject({ code: 'ERR_STORE', reason: 'timeout' })
    await vi.advanceTimersByTimeAsync(60_000)
    await refused
  })
})

describe('slow', () => {
  test('answers as the adapter does, so many milliseconds later', async () => {
    const store = slow(memory(), 300)
    const stored = vi.fn()
    store.set('a', 'A').then(stored)
    await vi.advanceTimersByTimeAsync(299)
    expect(stored).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(stored).toHaveBeenCalledWith(true)
  })
})

describe('lying', () => {
  test('resolves to nothing that the call could have meant, and does nothing', async () => {
    const store = memory()
    const liar = lying(store)
    for (let lie = 0; lie < 24; lie++) {
      const answer: unknown = await liar.getMany(['a'])
      const plausible =
        Array.isArray(answer) &&
        answer.length === 1 &&
        answer.every((value) => value === null || typeof value === 'string')
      expect(plausible).toBe(false)
      expect(typeof (await liar.set('a', 'A'))).not.toBe('boolean')
    }
    expect(await store.getMany(['a'])).toEqual([null])
  })

  test('tells the lie it was given', async () => {
    const liar = lying(memory(), { answer: ({ method }) => `${method}?` })
    expect(await liar.delete(['a'])).toBe('delete?')
  })

  test('is found out by a toolkit, which does not take a lie for a value', async () => {
    const { cached } = createLarder({ adapter: lying(memory()) })
    const find = cached('5m', 'find', async (id: string) => `found ${id}`)
    for (let call = 0; call < 24; call++) {
      const found = find('a')
      await vi.advanceTimersByTimeAsync(60_000)
      expect(await found).toBe('found a')
    }
  })
})

describe('lossy', () => {
  test('does what it was asked and rejects all the same', async () => {
    const store = memory()
    await expect(lossy(store).set('a', 'A')).rejects.toThrow('the connection broke before the answer came')
    expect(await store.getMany(['a'])).toEqual(['A'])
  })

  test('rejects with the error it was given, but with the own error of a call that failed', async () => {
    const error = new Error('reset')
    await expect(lossy(memory(), { error }).delete(['a'])).rejects.toBe(error)
    await expect(lossy(memory()).set('a', 'A', { ttlMs: 0 })).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' })
  })
})
