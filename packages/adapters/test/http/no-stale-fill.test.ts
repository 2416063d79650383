import { afterAll, beforeAll, test } from 'vitest'
import { noStaleCases, runNoStale } from '../support/no-stale-run.js'
import { bundle, removeBundle } from '../support/spawn-larder.js'
import { setUpServers, token } from './setup.js'

const servers = setUpServers()
let file: string
beforeAll(async () => {
  file = await bundle('evicting-process.ts')
})
afterAll(() => removeBundle(file))

test.each(noStaleCases)(
  '4 processes that crash, and a store that restarts: no value from before an eviction when %s',
  {
    timeout: 120_000,
  },
  (_, options) =>
    runNoStale({
      file,
      env: {
        ADAPTER: 'http',
        UPSTASH_REDIS_REST_URL: servers.proxy.url,
        UPSTASH_REDIS_REST_TOKEN: token,
        OPTIONS: JSON.stringify(options),
      },
      steps: 300,
      restartStore: () => servers.redis.restart(),
    }),
)
