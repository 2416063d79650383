import { MultiRegionRatelimit, Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Pair, startGateway, startPair } from '../support/gateway.js'

let pair: Pair
let redis: Redis
beforeAll(async () => {
  pair = await startPair()
  redis = new Redis({ url: pair.gateway.url, token: pair.gateway.token })
})
afterAll(() => pair?.[Symbol.asyncDispose]())
beforeEach(async () => {
  await pair.redis.cli('FLUSHALL')
  await pair.redis.cli('SCRIPT', 'FLUSH')
})

const algorithms = {
  fixedWindow: () => Ratelimit.fixedWindow(3, '60 s'),
  slidingWindow: () => Ratelimit.slidingWindow(3, '60 s'),
  tokenBucket: () => Ratelimit.tokenBucket(3, '60 s', 3),
}
const cases = Object.entries(algorithms).flatMap(([name, limiter]) => [
  { name, limiter, cache: 'off', ephemeralCache: false as const },
  { name, limiter, cache: 'on', ephemeralCache: undefined },
])

test.for(cases)(
  '$name admits its limit and no more, with the ephemeral cache $cache',
  async ({ limiter, ephemeralCache }) => {
    const ratelimit = new Ratelimit({
      redis,
      limiter: limiter(),
      prefix: 'app',
      ...(ephemeralCache === false ? { ephemeralCache } : { ephemeralCache: new Map() }),
    })
    const answers = []
    for (let i = 0; i < 5; i++) answers.push(await ratelimit.limit('ada'))
    expect(answers.map(({ success }) => success)).toEqual([true, true, true, false, false])
    expect(answers.slice(0, 3).map(({ remaining }) => remaining)).toEqual([2, 1, 0])
    expect(answers[0]?.limit).toBe(3)
    expect((await ratelimit.limit('grace')).success).toBe(true)
    expect((await ratelimit.getRemaining('ada')).remaining).toBe(0)
    await ratelimit.resetUsedTokens('ada')
    expect((await ratelimit.getRemaining('ada')).remaining).toBe(3)
    await Promise.all(answers.map(({ pending }) => pending))
  },
)

test.for(Object.entries(algorithms))('%s hits its script by EVALSHA from the second call on', async ([, limiter]) => {
  const ratelimit = new Ratelimit({ redis, limiter: limiter(), ephemeralCache: false, prefix: 'app' })
  await ratelimit.limit('ada')
  await pair.redis.resetStats()
  for (let i = 0; i < 3; i++) await ratelimit.limit('grace')
  const stats = await pair.redis.commandStats()
  expect([stats.evalsha, stats.eval]).toEqual([3, undefined])
})

test('cachedFixedWindow admits its limit and no more', async () => {
  const ratelimit = new Ratelimit({
    redis,
    limiter: Ratelimit.cachedFixedWindow(3, '60 s'),
    ephemeralCache: new Map(),
    prefix: 'cached',
  })
  const answers = []
  for (let i = 0; i < 5; i++) answers.push(await ratelimit.limit('ada'))
  await Promise.all(answers.map(({ pending }) => pending))
  expect(answers.map(({ success }) => success)).toEqual([true, true, true, false, false])
})

test('concurrent calls take no more than the limit', async () => {
  const ratelimit = new Ratelimit({ redis, limiter: Ratelimit.slidingWindow(10, '60 s'), ephemeralCache: false })
  const answers = await Promise.all(Array.from({ length: 40 }, () => ratelimit.limit('ada')))
  expect(answers.filter(({ success }) => success).length).toBe(10)
})

test('blockUntilReady waits for its turn', async () => {
  const ratelimit = new Ratelimit({ redis, limiter: Ratelimit.fixedWindow(1, '500 ms'), ephemeralCache: false })
  const first = await ratelimit.blockUntilReady('ada', 5_000)
  const second = await ratelimit.blockUntilReady('ada', 5_000)
  expect([first.success, second.success]).toEqual([true, true])
  expect(second.reset).toBeGreaterThan(first.reset)
})

test('a cost, a dynamic limit and analytics', async () => {
  const ratelimit = new Ratelimit({
    redis,
    limiter: Ratelimit.slidingWindow(10, '60 s'),
    analytics: true,
    dynamicLimits: true,
    prefix: 'more',
  })
  const { pending, remaining } = await ratelimit.limit('ada', { rate: 4, ip: '1.2.3.4' })
  expect(remaining).toBe(6)
  await pending
  expect((await redis.keys('more:events:*')).length).toBeGreaterThan(0)
  await ratelimit.setDynamicLimit({ limit: 20 })
  expect(await ratelimit.getDynamicLimit()).toEqual({ dynamicLimit: 20 })
  expect((await ratelimit.limit('grace')).limit).toBe(20)
})

test('a deny list', async () => {
  await redis.sadd('deny:denyList:all', 'mallory')
  // Or it would be fetched from the web.
  await redis.set('deny:ipDenyListStatus', 'disabled')
  const ratelimit = new Ratelimit({
    redis,
    limiter: Ratelimit.fixedWindow(10, '60 s'),
    enableProtection: true,
    prefix: 'deny',
  })
  const { success, reason } = await ratelimit.limit('mallory')
  expect([success, reason]).toEqual([false, 'denyList'])
  expect((await ratelimit.limit('ada')).success).toBe(true)
})

test('several regions', async () => {
  await using second = await startGateway({ redis: `${pair.redis.url}/1` })
  const ratelimit = new MultiRegionRatelimit({
    // Its types are those of the CommonJS build, which TypeScript takes for another class than that of the ESM build.
    redis: [redis, new Redis({ url: second.url, token: second.token })] as never[],
    limiter: MultiRegionRatelimit.slidingWindow(3, '60 s'),
    ephemeralCache: false,
  })
  const answers = []
  for (let i = 0; i < 5; i++) {
    const answer = await ratelimit.limit('ada')
    await answer.pending
    answers.push(answer)
  }
  expect(answers.map(({ success }) => success)).toEqual([true, true, true, false, false])
})
