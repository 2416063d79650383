import { describe, expect, test, vi } from 'vitest'
import { createEarly } from '../../../src/cache/extended/early.js'
import { setUp } from '../../support/origin.js'

describe('earlyRefresh', () => {
  /** A load that takes 1 s, of a result that is fresh for 1 min. */
  function loaded(random: () => number, beta = 1) {
    const toolkit = setUp()
    const load = vi.fn(async () => {
      toolkit.advance(1_000)
      return load.mock.calls.length
    })
    const find = toolkit.cached({ ttl: '1m', prefix: 'find', earlyRefresh: { random, beta } }, load)
    return { ...toolkit, find, load }
  }

  test('refreshes in the background when load time × beta × -ln(random) reaches to the end of the ttl', async () => {
    const { find, load, advance, settled, events } = loaded(() => Math.exp(-2))
    await find()
    advance(57_999)
    expect(await find()).toBe(1)
    await settled()
    expect(load).toHaveBeenCalledTimes(1)
    advance(1)
    expect(await find()).toBe(1)
    await settled()
    expect(await find()).toBe(2)
    expect(events.filter(({ type }) => type === 'refresh')).toMatchObject([{ reason: 'early' }])
    expect(events.filter(({ type }) => type === 'stale')).toEqual([])
  })

  test('a greater beta refreshes earlier', async () => {
    const { find, load, advance, settled } = loaded(() => Math.exp(-2), 5)
    await find()
    advance(50_000)
    await find()
    await settled()
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('true draws by Math.random with a beta of 1', async () => {
    const drawn = vi.spyOn(Math, 'random').mockReturnValue(Math.exp(-3))
    const { cached, advance, settled } = setUp()
    const load = vi.fn(async () => {
      advance(1_000)
      return 1
    })
    const find = cached({ ttl: '1m', prefix: 'find', earlyRefresh: true }, load)
    await find()
    advance(56_999)
    await find()
    expect(load).toHaveBeenCalledTimes(1)
    advance(1)
    await find()
    await settled()
    expect(load).toHaveBeenCalledTimes(2)
    drawn.mockRestore()
  })

  test('its clock can be another than the toolkit`s', async () => {
    const { cached, now, settled } = setUp()
    const load = vi.fn(async () => load.mock.calls.length)
    const ahead = { random: () => 1, now: () => now() + 60_000 }
    const find = cached({ ttl: '1m', prefix: 'find', earlyRefresh: ahead }, load)
    await find()
    await find()
    await settled()
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('when its ttl has ended a result is not served', async () => {
    const { find, advance } = loaded(() => 1)
    await find()
    advance(60_000)
    expect(await find()).toBe(2)
  })

  test('a random of 0 is a refresh, not an error', () => {
    expect(createEarly({ random: () => 0 })({ freshUntilAtMs: 1_000, loadMs: 2 }, 0)).toBe(true)
  })
})

// A. Vattani, F. Chierichetti, K. Lowenstein: Optimal Probabilistic Cache Stampede Prevention. VLDB 2015. With reads that
// come at random, 100 per load time, the lead of the first early refresh has a Gumbel distribution, and the refreshes that
// begin until the first has ended are 1 + (e^(1/beta) - 1) times a number with an exponential distribution.
describe('XFetch, over 20,000 expiries', () => {
  const WINDOWS = 20_000
  const READS_PER_LOAD = 100
  const LOAD_MS = 1_000
  const EULER = 0.5772156649015329

  test.each([0.5, 1, 2])(
    'with a beta of %f the first refresh leads by the theory, and so many begin',
    {
      timeout: 120_000,
    },
    (beta) => {
      const random = createRandom(beta * 1_000)
      const isEarly = createEarly({ beta, random })
      const leads: number[] = []
      const begun: number[] = []
      for (let window = 0; window < WINDOWS; window++) {
        const expiryMs = 100 * LOAD_MS
        // Earlier than this, one window in 2,000 draws a refresh: far below the standard error.
        let nowMs = expiryMs - LOAD_MS * beta * 13
        let firstMs: number | undefined
        let refreshes = 0
        while (firstMs === undefined || nowMs < firstMs + LOAD_MS) {
          nowMs += (-Math.log(1 - random()) * LOAD_MS) / READS_PER_LOAD
          const refreshed = isEarly({ freshUntilAtMs: expiryMs, loadMs: LOAD_MS }, nowMs)
          if (!refreshed || (firstMs !== undefined && nowMs >= firstMs + LOAD_MS)) continue
          firstMs ??= nowMs
          refreshes++
        }
        leads.push(expiryMs - firstMs)
        begun.push(refreshes)
      }
      expectMean(leads, beta * LOAD_MS * (Math.log(READS_PER_LOAD * beta) + EULER))
      expectMean(begun, Math.exp(1 / beta))
    },
  )
})

/** Within three standard errors. */
function expectMean(sample: number[], expected: number) {
  const mean = sample.reduce((sum, x) => sum + x, 0) / sample.length
  const variance = sample.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (sample.length - 1)
  expect(Math.abs(mean - expected)).toBeLessThan(3 * Math.sqrt(variance / sample.length))
}

/** Mulberry32: the same numbers on every run. */
function createRandom(seed: number) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
