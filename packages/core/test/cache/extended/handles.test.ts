import { describe, expect, test, vi } from 'vitest'
import { createLarder, memory } from '../../../src/index.js'
import { setUp } from '../../support/origin.js'

const options = { ttl: '1m', prefix: 'find', staleWhileRevalidate: '10m', staleIfError: '1h' } as const

describe('peek', () => {
  test('gives what a call would serve without waiting, and refreshes nothing', async () => {
    const { cached, advance, background } = setUp()
    const load = vi.fn(async () => 'value')
    const find = cached(options, load)
    expect(await find.peek()).toBeUndefined()
    await find()
    advance(60_000 + 600_000 - 1)
    expect(await find.peek()).toBe('value')
    advance(1)
    expect(await find.peek()).toBeUndefined()
    expect(load).toHaveBeenCalledTimes(1)
    expect(background).toEqual([])
  })
})

describe('refresh and CachePut', () => {
  test('keep a result for the stale windows', async () => {
    const { cached, CachePut, advance, now } = setUp()
    const find = cached(options, async (id: string) => `${id} at ${now()}`)
    const refreshed = await find.refresh('a')
    advance(60_000)
    expect(await find.peek('a')).toBe(refreshed)

    class Catalog {
      @CachePut(options)
      async save(id: string) {
        return `${id} saved`
      }
    }
    await new Catalog().save('b')
    advance(60_000)
    expect(await find.peek('b')).toBe('b saved')
  })
})

describe('explain', () => {
  test('says fresh, stale, kept for errors, and expired', async () => {
    const { cached, advance } = setUp()
    const find = cached(options, async () => 1)
    expect(await find.explain()).toMatchObject({ outcome: 'miss', reason: 'absent', commands: 2 })
    await find()
    expect(await find.explain()).toMatchObject({ outcome: 'hit', commands: 1, summary: 'serves the stored result' })
    advance(60_000)
    expect(await find.explain()).toMatchObject({
      outcome: 'stale',
      commands: 2,
      summary: 'serves the stored result although its ttl has ended, and refreshes it in the background',
    })
    advance(600_000)
    expect(await find.explain()).toMatchObject({
      outcome: 'miss',
      reason: 'expired',
      summary:
        'runs the function, and serves the stored result, whose ttl has ended, should that fail: its ttl has ended',
    })
    advance(3_600_000)
    expect(await find.explain()).toMatchObject({ outcome: 'miss', reason: 'absent' })
  })

  test('says that a fresh result may be refreshed early', async () => {
    const { cached } = setUp()
    const find = cached({ ttl: '1m', prefix: 'find', earlyRefresh: true }, async () => 1)
    await find()
    expect((await find.explain()).summary).toContain('refreshed in the background')
  })

  test('says that another process has the lease, and what a lease costs', async () => {
    const adapter = memory()
    let answer = (_: number) => {}
    const load = () => new Promise<number>((resolve) => (answer = resolve))
    const everywhere = { ttl: '1m', prefix: 'find', dedupe: 'everywhere' } as const
    const [one, two] = [createLarder({ adapter }), createLarder({ adapter })].map(({ cached }) =>
      cached(everywhere, load),
    )
    expect(await two?.explain()).toMatchObject({
      outcome: 'miss',
      commands: 4,
      summary: 'runs the function unless another process does and stores its result: nothing is stored',
    })
    const loading = one?.()
    await expect.poll(() => two?.explain()).toMatchObject({ outcome: 'miss', reason: 'leased', commands: 2 })
    answer(1)
    await loading
  })
})
