/**
 * Each peer as a function of a key that spends one of the quota and says whether it was there. All over ioredis 5.
 *
 * `limiter({ url, limit, windowMs })` makes it.
 */
async function ioredis(url) {
  const { Redis } = await import('ioredis')
  return new Redis(url)
}

const flexible = (options) => async (url, points, windowMs, Limiter) => {
  const limiter = new Limiter({
    storeClient: await ioredis(url),
    keyPrefix: 'flexible',
    points,
    duration: windowMs / 1000,
    ...options,
  })
  return async (key) => {
    try {
      await limiter.consume(key)
      return true
    } catch (error) {
      if (error instanceof Error) throw error
      return false
    }
  }
}

/**
 * Its own client speaks HTTP. Here it gets one that passes its scripts on to ioredis, without the first line that only
 * Upstash's servers understand: what is compared is the work of the library and of its scripts.
 */
async function upstashClient(url) {
  const { createHash } = await import('node:crypto')
  const client = await ioredis(url)
  const scripts = new Map()
  const plain = (script) => script.replace(/^#!lua.*\n/, '').replace(/^\s*#!lua.*\n/, '')
  const sha = (script) => createHash('sha1').update(script).digest('hex')
  return {
    evalsha: (hash, keys, args) => client.evalsha(scripts.get(hash) ?? hash, keys.length, ...keys, ...args),
    eval(script, keys, args) {
      scripts.set(sha(script), sha(plain(script)))
      return client.eval(plain(script), keys.length, ...keys, ...args)
    },
  }
}

const upstash =
  (algorithm, ephemeralCache) =>
  async ({ url, limit, windowMs }) => {
    const { Ratelimit } = await import('@upstash/ratelimit')
    const limiter = new Ratelimit({
      redis: await upstashClient(url),
      limiter: algorithm(Ratelimit, limit, `${windowMs} ms`),
      prefix: 'upstash',
      ...(ephemeralCache === false && { ephemeralCache: false }),
    })
    return async (key) => (await limiter.limit(key)).success
  }

export default [
  {
    name: 'rate-limiter-flexible (fixed window)',
    async limiter({ url, limit, windowMs }) {
      const { RateLimiterRedis } = await import('rate-limiter-flexible')
      return flexible({})(url, limit, windowMs, RateLimiterRedis)
    },
  },
  {
    name: '@upstash/ratelimit slidingWindow, over ioredis',
    limiter: upstash((Ratelimit, limit, window) => Ratelimit.slidingWindow(limit, window)),
  },
  {
    name: '@upstash/ratelimit tokenBucket, over ioredis',
    limiter: upstash((Ratelimit, limit, window) => Ratelimit.tokenBucket(limit, window, limit)),
  },
  {
    name: '@upstash/ratelimit fixedWindow, over ioredis',
    limiter: upstash((Ratelimit, limit, window) => Ratelimit.fixedWindow(limit, window)),
  },
]
