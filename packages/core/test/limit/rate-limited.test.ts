import { describe, expect, test, vi } from 'vitest'
import { createLarder, memory, RateLimitedError, rateLimitHeaders, tooManyRequests } from '../../src/index.js'
import { failing, lying } from '../../src/testing/faults.js'

function setUp(options: Parameters<typeof createLarder>[0] = {}) {
  let nowMs = 1_700_000_000_000
  return {
    ...createLarder({ now: () => nowMs, ...options }),
    advance(ms: number) {
      nowMs += ms
    },
  }
}

describe('a rate-limited function', () => {
  test('runs while there is quota, and is refused without running after that', async () => {
    const { rateLimited, advance } = setUp()
    const checkout = vi.fn(async (user: string) => `order of ${user}`)
    const limited = rateLimited({ prefix: 'checkout', limit: 2, per: '1m', by: (user) => user }, checkout)
    expect(await limited('ada')).toBe('order of ada')
    await limited('ada')
    const error = (await limited('ada').catch((reason: unknown) => reason)) as RateLimitedError
    expect(error).toBeInstanceOf(RateLimitedError)
    expect(error).toMatchObject({
      code: 'ERR_RATE_LIMITED',
      prefix: 'checkout',
      retryAfterMs: 60_000,
      outcome: { status: 'denied', limit: 2 },
    })
    expect(await limited('bob')).toBe('order of bob')
    expect(checkout).toHaveBeenCalledTimes(3)
    advance(error.retryAfterMs)
    await limited('ada')
  })

  test('cost counts by the arguments', async () => {
    const { rateLimited } = setUp()
    const send = rateLimited(
      { prefix: 'send', limit: 10, per: '1m', cost: (mails: string[]) => mails.length },
      async (mails: string[]) => mails.length,
    )
    await send(Array(7).fill('a'))
    await expect(send(Array(4).fill('a'))).rejects.toMatchObject({ code: 'ERR_RATE_LIMITED' })
    await send(Array(3).fill('a'))
    await expect(send(Array(11).fill('a'))).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option: 'cost' })
  })

  test('by and cost may stand in the defaults of the toolkit', async () => {
    const { rateLimited } = setUp({ defaults: { rateLimited: { by: (user: string) => user, cost: 2 } } })
    const limited = rateLimited({ prefix: 'p', limit: 2, per: '1m' }, async (user: string) => user)
    expect([await limited('a'), await limited('b')]).toEqual(['a', 'b'])
    await expect(limited('a')).rejects.toMatchObject({ code: 'ERR_RATE_LIMITED' })
  })

  test.each([undefined, null, {}])('by giving %o is an error that says so', async (key) => {
    const { rateLimited } = setUp()
    const limited = rateLimited({ prefix: 'p', limit: 1, per: '1m', by: () => key as never }, async () => 1)
    await expect(limited()).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option: 'by' })
  })

  test.each([
    [{ limit: 0, per: '1m' }, 'limit'],
    [{ limit: 1.5, per: '1m' }, 'limit'],
    [{ limit: 1, per: 0 }, 'per'],
    [{ limit: 1, per: 'a minute' }, 'per'],
    [{ limit: 1, per: '1m', algorithm: 'leaky' }, 'algorithm'],
    [{ limit: 1, per: '1m', burst: 2 }, 'burst'],
    [{ limit: 1, per: '1m', burst: 0, algorithm: 'gcra' }, 'burst'],
    [{ limit: 1, per: '1m', onStoreError: 'maybe' }, 'onStoreError'],
  ])('%o is refused by name, where it is given', (rule, option) => {
    const { RateLimited, rateLimited, limiter } = setUp()
    const named = expect.objectContaining({ name: 'UsageError', option })
    expect(() => RateLimited(rule as never)).toThrow(named)
    expect(() => rateLimited({ prefix: 'p', ...rule } as never, async () => 1)).toThrow(named)
    expect(() => limiter({ prefix: 'p', ...rule } as never)).toThrow(named)
  })
})

describe('when the store fails', () => {
  const rule = { prefix: 'api', limit: 2, per: '1m' } as const

  test('by default this process counts alone', async () => {
    const { limiter } = setUp({ adapter: failing(memory()) })
    const api = limiter(rule)
    const outcomes = [await api.check('k'), await api.check('k'), await api.check('k')]
    expect(outcomes.map(({ status, allowed }) => [status, allowed])).toEqual([
      ['undecided', true],
      ['undecided', true],
      ['undecided', false],
    ])
    expect(outcomes[2]).toMatchObject({ reason: 'unavailable', retryAfterMs: 60_000 })
  })

  test("'allow' lets through, 'deny' refuses", async () => {
    const { limiter } = setUp({ adapter: failing(memory()) })
    expect(await limiter({ ...rule, onStoreError: 'allow' }).check('k')).toMatchObject({
      status: 'undecided',
      allowed: true,
    })
    expect(await limiter({ ...rule, onStoreError: 'deny' }).check('k')).toMatchObject({
      status: 'undecided',
      allowed: false,
    })
    expect(() => limiter({ ...rule, onStoreError: 'maybe' as never })).toThrow(
      expect.objectContaining({ option: 'onStoreError' }),
    )
  })

  test('an answer that no script gives is no answer', async () => {
    const { limiter } = setUp({ adapter: lying(memory()) })
    for (let i = 0; i < 12; i++) {
      expect(await limiter({ ...rule, limit: 100 }).check('k')).toMatchObject({ status: 'undecided', allowed: true })
    }
  })
})

describe('over HTTP', () => {
  test('fields of the IETF draft, in whole seconds', async () => {
    const { limiter } = setUp()
    const api = limiter({ prefix: 'per "user"', limit: 2, per: '90s' })
    expect(rateLimitHeaders(await api.check('k'), api)).toEqual({
      RateLimit: '"per \\"user\\"";r=1;t=90',
      'RateLimit-Policy': '"per \\"user\\"";q=2;w=90',
    })
    await api.check('k')
    expect(rateLimitHeaders(await api.check('k'))).toEqual({ RateLimit: '"default";r=0;t=90', 'Retry-After': '90' })
  })

  test('429 with problem details', async () => {
    const { rateLimited } = setUp()
    const home = rateLimited({ prefix: 'home', limit: 1, per: '1s' }, async () => 1)
    await home()
    const response = tooManyRequests((await home().catch((error: unknown) => error)) as RateLimitedError)
    expect(response.status).toBe(429)
    expect(response.headers.get('Retry-After')).toBe('1')
    expect(response.headers.get('Content-Type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({
      status: 429,
      title: 'Too Many Requests',
      'violated-policies': ['home'],
    })
  })
})
