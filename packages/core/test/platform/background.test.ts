import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createLarder, type LarderEvent, UsageError } from '../../src/index.js'
import { createContext } from '../../src/options.js'
import { background } from '../../src/platform/background.js'
import { chores } from '../../src/platform/chores.js'
import { drainTasks } from '../../src/platform/drain.js'

const REQUEST_CONTEXT = Symbol.for('@next/request-context')
const place = globalThis as { [symbol: symbol]: unknown }

afterEach(() => {
  delete place[REQUEST_CONTEXT]
})

function gate() {
  let open = (_error?: unknown) => {}
  const opened = new Promise<void>((resolve, reject) => {
    open = (error) => (error ? reject(error) : resolve())
  })
  return { open, opened }
}

describe('work behind an answer', () => {
  test("is handed to the application's own waitUntil", async () => {
    const kept: Promise<unknown>[] = []
    const context = createContext({ waitUntil: (promise) => kept.push(promise) })
    expect(background(context, Promise.resolve(1))).toBe(true)
    expect(kept).toHaveLength(1)
    await kept[0]
  })

  test('is handed to the waitUntil of Next.js, in its request and without importing it', async () => {
    const kept: Promise<unknown>[] = []
    let request: object | undefined
    place[REQUEST_CONTEXT] = { get: () => request }
    const context = createContext({})
    expect(background(context, Promise.resolve(1))).toBe(false)
    request = { waitUntil: (promise: Promise<unknown>) => kept.push(promise) }
    expect(background(context, Promise.resolve(1))).toBe(true)
    expect(kept).toHaveLength(1)
  })

  test('that fails becomes an event, and what the runtime is given never rejects', async () => {
    const events: LarderEvent[] = []
    const kept: Promise<unknown>[] = []
    const error = new Error('no refresh')
    const context = createContext({
      onEvent: (event) => events.push(event),
      waitUntil: (promise) => kept.push(promise),
    })
    background(context, Promise.reject(error))
    await Promise.all(kept)
    expect(events).toEqual([{ type: 'backgroundFailed', error }])
  })

  test('goes on by itself where waitUntil says no or throws, as one that lost its `this` does', async () => {
    const events: LarderEvent[] = []
    const said = createContext({ waitUntil: () => false })
    expect(background(said, Promise.resolve())).toBe(false)
    const illegal = new TypeError('Illegal invocation')
    const threw = createContext({
      onEvent: (event) => events.push(event),
      waitUntil() {
        throw illegal
      },
    })
    expect(background(threw, Promise.resolve())).toBe(false)
    expect(events).toEqual([{ type: 'backgroundFailed', error: illegal }])
  })
})

describe('drain', () => {
  /** A toolkit with a stale result, whose refresh ends when `finish` is called. */
  async function refreshing() {
    let nowMs = 0
    const larder = createLarder({ now: () => nowMs })
    onTestFinished(() => larder.close())
    const { open, opened } = gate()
    let runs = 0
    const find = larder.cached({ ttl: '1s', prefix: 'find', staleWhileRevalidate: '1h' }, async () => {
      if (runs++) await opened
      return runs
    })
    await find()
    nowMs = 2_000
    expect(await find()).toBe(1)
    await vi.waitFor(() => expect(runs).toBe(2))
    return { larder, find, finish: open }
  }

  test('waits for a refresh under way', async () => {
    const { larder, find, finish } = await refreshing()
    let isDrained = false
    const drained = larder.drain().then((all) => {
      isDrained = true
      return all
    })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(isDrained).toBe(false)
    finish()
    expect(await drained).toBe(true)
    expect(await find()).toBe(2)
  })

  test('waits no longer than its time limit, and says that not all has ended', async () => {
    const { larder, finish } = await refreshing()
    expect(await larder.drain({ timeout: '10ms' })).toBe(false)
    finish()
  })

  test('waits for its own toolkit only', async () => {
    const { finish } = await refreshing()
    expect(await createLarder().drain({ timeout: '10ms' })).toBe(true)
    finish()
  })

  test('refuses a time limit that is none', async () => {
    await expect(createLarder().drain({ timeout: 'soon' as '1s' })).rejects.toBeInstanceOf(UsageError)
  })

  test('is part of close: what is under way may end first', async () => {
    const { larder, finish } = await refreshing()
    const events: string[] = []
    larder.events.on(({ type }) => events.push(type))
    const closed = larder.close()
    finish()
    await closed
    expect(events).toEqual(['fill', 'refresh'])
  })
})

test('a drain says when a retry of what the store missed has not ended in time', async () => {
  const context = createContext({})
  const chore = () => new Promise<never>(() => {})
  chores().set(chore, context.events)
  onTestFinished(() => {
    chores().delete(chore)
  })
  expect(await drainTasks(10, context.events)).toBe(false)
})
