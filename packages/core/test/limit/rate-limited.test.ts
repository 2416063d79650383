import { describe, expect, test, vi } from 'vitest'
import { createLarder, type LimitOutcome, RateLimitedError } from '../../src/index.js'

function setUp(options: Parameters<typeof createLarder>[0] = {}) {
  let nowMs = 1_700_000_000_000
  return {
    ...createLarder({ now: () => nowMs, ...options }),
    advance(ms: number) {
      nowMs += ms
    },
  }
}

const { RateLimited } = setUp()

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

  test('limit may be a function of the arguments: of a plan, even one that has to be looked up', async () => {
    const { rateLimited } = setUp()
    const plans: Record<string, number> = { free: 1, pro: 3 }
    const limited = rateLimited(
      { prefix: 'p', limit: async (plan: string) => plans[plan] as number, per: '1m', by: (_, user) => user },
      async (_plan: string, user: string) => user,
    )
    await limited('free', 'ada')
    await expect(limited('free', 'ada')).rejects.toMatchObject({ outcome: { limit: 1, remaining: 0 } })
    // What was spent under one plan is spent under the other.
    await limited('pro', 'ada')
    await limited('pro', 'ada')
    await expect(limited('pro', 'ada')).rejects.toMatchObject({ outcome: { limit: 3 } })
    await expect(limited('none', 'ada')).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option: 'limit' })
  })

  test('several limits, one of them by plan, are told to onOutcome and by the error', async () => {
    class Shop {
      seen: LimitOutcome[] = []
      @RateLimited({
        prefix: 'Shop.buy',
        limits: [
          { limit: (user: string) => (user === 'ada' ? 2 : 1), per: '1s' },
          { limit: 3, per: '1m', algorithm: 'gcra' },
        ],
        by: (user: string) => user,
        onOutcome(this: Shop, outcome: LimitOutcome, _user: string) {
          this.seen.push(outcome)
        },
      })
      async buy(user: string) {
        return user
      }
    }
    const shop = new Shop()
    await shop.buy('ada')
    await shop.buy('ada')
    await expect(shop.buy('ada')).rejects.toMatchObject({
      retryAfterMs: 1_000,
      outcome: {
        policies: [
          { name: 'Shop.buy-1s', limit: 2, remaining: 0, retryAfterMs: 1_000 },
          { name: 'Shop.buy-60s-gcra', limit: 3, remaining: 1, retryAfterMs: 0 },
        ],
      },
    })
    expect(shop.seen.map(({ status }) => status)).toEqual(['allowed', 'allowed', 'denied'])
    await shop.buy('bob')
    await expect(shop.buy('bob')).rejects.toMatchObject({ outcome: { limit: 1 } })
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
    [{ limit: 1, per: '1m', approximate: true, algorithm: 'gcra' }, 'approximate'],
    [{ limit: 1, per: '1m', blockCache: -1 }, 'blockCache'],
    [{ limit: 1, per: '1m', denyList: 'ada' }, 'denyList'],
    [{ limit: 1, per: '1m', allowList: new Set() }, 'allowList'],
    [{ limits: [] }, 'limits'],
    [{ limits: [{ limit: 1, per: '1m' }], limit: 1 }, 'limits'],
    [
      {
        limits: [
          { limit: 1, per: '1m' },
          { limit: 2, per: '60s' },
        ],
      },
      'limits',
    ],
    [{ limits: [{ limit: 0, per: '1m' }] }, 'limit'],
  ])('%o is refused by name, where it is given', (rule, option) => {
    const { RateLimited, rateLimited, limiter } = setUp()
    const named = expect.objectContaining({ name: 'UsageError', option })
    expect(() => RateLimited(rule as never)).toThrow(named)
    expect(() => rateLimited({ prefix: 'p', ...rule } as never, async () => 1)).toThrow(named)
    expect(() => limiter({ prefix: 'p', ...rule } as never)).toThrow(named)
  })
})
