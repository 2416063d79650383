import { http } from '@larder/adapters/http'
import { createLarder, memory } from '@larder/core'
import { config } from './env.js'

/** Whether all isolates share one Redis. Otherwise each has a larder of its own, which ends with it. */
export const isShared = Boolean(config.UPSTASH_REDIS_REST_URL)

/** One toolkit at module scope serves all requests. Nothing is opened, and no timer set, before the first of them. */
export const larder = createLarder({
  adapter: isShared ? http({ env: () => config }) : memory(),
  namespace: 'tides',
})
