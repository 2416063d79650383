import { strictEqual } from 'node:assert/strict'
import { createRequire } from 'node:module'
import { tcp } from '@larder/adapters/tcp'
import { createLarder } from '@larder/core'
import { loadPeers } from './peers.mjs'

export const KEYS = 1_024
const ids = Array.from({ length: KEYS }, (_, i) => `user-${i}`)
/** Never reached while it is timed: every call is admitted. */
export const LIMIT = 1_000_000
export const WINDOW_MS = 60_000
/** One each 100 ms, where quota comes back evenly. */
const SLOW_LIMIT = 600

/** The adapter's own client: the floor goes by the same. */
const clients = createRequire(new URL('../../packages/adapters/package.json', import.meta.url))
const ioredis = (name, url) => new (clients(name).Redis)(url)
export const clientVersions = ['ioredis-5', 'ioredis'].map((name) => clients(`${name}/package.json`).version)

const floorOf = (client) => `FLOOR ${client} EVALSHA of \`return 1\``

/** The floors and ours, in the shape of `peers/redis-limiters.mjs`. The first is what the peers are compared with. */
export const floors = ['ioredis 5', 'ioredis 6'].map((client) => ({
  name: floorOf(client),
  floor: floorOf(client),
  async limiter({ url }) {
    const bare = ioredis(client === 'ioredis 6' ? 'ioredis' : 'ioredis-5', url)
    const sha = await bare.script('LOAD', 'return 1')
    return async (key) => (await bare.evalsha(sha, 1, key, LIMIT, WINDOW_MS, 1)) === 1
  },
}))
const algorithms = {
  // A key lives until what was spent has come back. At the whole limit per window that is 60 µs, and each call would find
  // its key gone: so the quota here is a burst that comes back slowly.
  gcra: (limit) => ({ algorithm: 'gcra', burst: limit, limit: Math.min(limit, SLOW_LIMIT) }),
  'sliding-window': (limit) => ({ limit }),
  'sliding-window, approximate': (limit) => ({ approximate: true, limit }),
  'fixed-window': (limit) => ({ algorithm: 'fixed-window', limit }),
}
export const ours = ['ioredis 6', 'ioredis 5'].flatMap((client) =>
  Object.entries(algorithms).map(([name, options]) => ({
    name: `larder ${name}, ${client}`,
    floor: floorOf(client),
    algorithm: name,
    async limiter({ url, limit, windowMs }) {
      const adapter = client === 'ioredis 6' ? tcp({ url }) : tcp({ client: ioredis('ioredis-5', url) })
      const { limiter } = createLarder({ adapter })
      const api = limiter({ prefix: 'api', per: `${windowMs}ms`, ...options(limit) })
      return async (key) => (await api.check(key)).allowed
    },
  })),
)

/**
 * @param {string} name a limiter
 * @param {string} inFlight how many calls are
 * @param {string} url of a database that nobody else uses
 */
export default async function rateLimitRow(name, inFlight, url) {
  const server = ioredis('ioredis', url)
  await server.flushdb()
  const { limiter } = await find(name)
  const check = await limiter({ url, limit: LIMIT, windowMs: WINDOW_MS })
  for (const id of ids) await check(id)

  const stats = async () => {
    const calls = {}
    for (const [, command, count] of (await server.info('commandstats')).matchAll(/cmdstat_([^:]+):calls=(\d+)/g)) {
      if (!/^(info|config|client|hello|flushdb|ping)/.test(command)) calls[command] = Number(count)
    }
    return calls
  }
  /** What the server ran for a call: on the wire, and inside of scripts. */
  const commands = async (call) => {
    await server.config('RESETSTAT')
    await call()
    const { evalsha = 0, eval: evals = 0, ...inner } = await stats()
    const count = Object.values(inner).reduce((sum, calls) => sum + calls, 0)
    return evalsha + evals ? `${evalsha + evals} + ${count}` : `${count}`
  }
  return {
    call: (i) => check(ids[i % KEYS]),
    inFlight: Number(inFlight),
    async check() {
      strictEqual(await check(ids[0]), true, 'a call that should have been admitted was refused')
      const allowed = await commands(() => check(ids[1]))
      const tight = name.startsWith('FLOOR') ? undefined : await limiter({ url, limit: 1, windowMs: WINDOW_MS + 1 })
      if (!tight) return { commands: allowed, 'when denied': '', 'denied again': '' }
      await tight('other')
      await tight('one')
      // Both halves of a peer's scripts have been sent by now.
      await tight('other')
      const denied = await commands(async () => strictEqual(await tight('one'), false, 'a call above the limit got in'))
      const again = await commands(() => tight('one'))
      return { commands: allowed, 'when denied': denied, 'denied again': again }
    },
  }
}

async function find(name) {
  const named = (limiter) => limiter.name === name
  return [...floors, ...ours].find(named) ?? (await loadPeers('redis-limiters')).find(named)
}
