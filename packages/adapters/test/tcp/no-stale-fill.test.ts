import { afterAll, beforeAll, beforeEach, test } from 'vitest'
import { noStaleCases, runNoStale } from '../support/no-stale-run.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { bundle, removeBundle } from '../support/spawn-larder.js'

let redis: RedisServer
let file: string
beforeAll(async () => {
  redis = await startRedis()
  file = await bundle('evicting-process.ts')
})
afterAll(async () => {
  removeBundle(file)
  await redis.stop()
})
beforeEach(() => redis.cli('FLUSHALL'))

test.each(noStaleCases)(
  '4 processes that crash, and a store that restarts: no value from before an eviction when %s',
  {
    timeout: 120_000,
  },
  (_, options) =>
    runNoStale({
      file,
      env: { REDIS_URL: redis.url, OPTIONS: JSON.stringify(options) },
      steps: 300,
      restartStore: () => redis.restart(),
    }),
)
