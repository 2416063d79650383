import { expect, test, vi } from 'vitest'
import {
  createLarder,
  memory,
  RateLimitedError,
  rateLimitHeaders,
  tooManyRequests,
  tooManyRequestsResult,
} from '../../src/index.js'

function setUp() {
  let nowMs = 1_700_000_000_000
  const now = () => nowMs
  return {
    ...createLarder({ adapter: memory({ now }), now }),
    advance(ms: number) {
      nowMs += ms
    },
  }
}

test('fields of the IETF draft, in whole seconds', async () => {
  const { limiter } = setUp()
  const api = limiter({ prefix: 'per "user"', limit: 2, per: '90s' })
  expect(rateLimitHeaders(await api.check('k'))).toEqual({
    RateLimit: '"per \\"user\\"";r=1;t=90',
    'RateLimit-Policy': '"per \\"user\\"";q=2;w=90',
  })
  await api.check('k')
  expect(rateLimitHeaders(await api.check('k'))).toEqual({
    RateLimit: '"per \\"user\\"";r=0;t=90',
    'RateLimit-Policy': '"per \\"user\\"";q=2;w=90',
    'Retry-After': '90',
  })
})

test('several limits are items of one list; one on concurrency says its unit', async () => {
  const { limiter } = setUp()
  const api = limiter({
    prefix: 'api',
    limits: [
      { limit: 10, per: '1s' },
      { limit: 100, per: '1h' },
      { limit: 3, per: '30s', algorithm: 'concurrency' },
    ],
  })
  expect(rateLimitHeaders(await api.check('k'))).toEqual({
    'RateLimit-Policy':
      '"api-1s";q=10;w=1, "api-3600s";q=100;w=3600, "api-30s-concurrency";q=3;qu="concurrent-requests"',
    RateLimit: '"api-1s";r=9;t=1, "api-3600s";r=99;t=3600, "api-30s-concurrency";r=2;t=30',
  })
})

test('Retry-After is never sooner than the call could pass, and never 0', async () => {
  const { limiter, advance } = setUp()
  const api = limiter({ prefix: 'api', limit: 1, per: '1500ms' })
  await api.check('k')
  for (const [elapsedMs, seconds] of [
    [0, '2'],
    [499, '2'],
    [1, '1'],
    [999, '1'],
  ] as const) {
    advance(elapsedMs)
    expect(rateLimitHeaders(await api.check('k'))['Retry-After']).toBe(seconds)
  }
})

test('what a dry run refuses is not told to come back later', async () => {
  const { limiter } = setUp()
  const api = limiter({ prefix: 'api', limit: 1, per: '1s', dryRun: true })
  await api.check('k')
  expect(rateLimitHeaders(await api.check('k'))).not.toHaveProperty('Retry-After')
})

test('legacy fields on request, of the limit that matters most', async () => {
  vi.useFakeTimers({ now: 1_700_000_000_000 })
  const { limiter } = setUp()
  const api = limiter({
    prefix: 'api',
    limits: [
      { limit: 10, per: '1s' },
      { limit: 2, per: '1m' },
    ],
  })
  expect(rateLimitHeaders(await api.check('k'), { legacy: true })).toMatchObject({
    'X-RateLimit-Limit': '2',
    'X-RateLimit-Remaining': '1',
    'X-RateLimit-Reset': '1700000060',
  })
  vi.useRealTimers()
})

test('429 with problem details that name the limits at fault', async () => {
  const { rateLimited } = setUp()
  const home = rateLimited(
    {
      prefix: 'home',
      limits: [
        { limit: 1, per: '1s' },
        { limit: 5, per: '1m' },
      ],
    },
    async () => 1,
  )
  await home()
  const error = (await home().catch((reason: unknown) => reason)) as RateLimitedError
  const response = tooManyRequests(error, { legacy: true })
  expect(response.status).toBe(429)
  expect(response.headers.get('Retry-After')).toBe('1')
  expect(response.headers.get('RateLimit')).toBe('"home-1s";r=0;t=1, "home-60s";r=4;t=60')
  expect(response.headers.get('X-RateLimit-Limit')).toBe('1')
  expect(response.headers.get('Content-Type')).toBe('application/problem+json')
  expect(await response.json()).toEqual({
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    title: 'Too Many Requests',
    status: 429,
    detail: 'Try again in 1 s.',
    'violated-policies': ['home-1s'],
  })
  expect(tooManyRequestsResult(error)).toEqual({
    statusCode: 429,
    headers: { 'Content-Type': 'application/problem+json', ...rateLimitHeaders(error.outcome) },
    body: expect.stringContaining('"violated-policies":["home-1s"]'),
  })
})

test('a limiter’s outcome makes the error that makes the answer', async () => {
  const { limiter } = setUp()
  const api = limiter({ prefix: 'api', limit: 1, per: '1s' })
  await api.check('k')
  expect(tooManyRequests(new RateLimitedError(api.prefix, await api.check('k'))).status).toBe(429)
})
