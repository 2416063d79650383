import { http } from '@larder/adapters/http'
import { tcp } from '@larder/adapters/tcp'
import { type Adapter, configure, type Duration, memory } from '@larder/core'

/**
 * Where things are kept: Redis in the function's network (`REDIS_URL`), Redis over HTTP (`UPSTASH_REDIS_REST_URL` and
 * `_TOKEN`), or else this instance's own memory, which no other instance sees.
 */
function chooseAdapter({ REDIS_URL, UPSTASH_REDIS_REST_URL } = process.env): Adapter {
  // One connection: an instance serves one event at a time.
  if (REDIS_URL) return tcp({ url: REDIS_URL, pool: { max: 1 } })
  return UPSTASH_REDIS_REST_URL ? http() : memory()
}

/** How long a product is fresh. */
export const PRODUCT_TTL = (process.env.PRODUCT_TTL ?? '1m') as Duration

configure({ adapter: chooseAdapter(), namespace: 'shop' })
