import { isShared, larder } from '../../../lib/larder'
import { ORDERS_A_MINUTE, orderLimit } from '../../../lib/orders'
import { visitor } from '../../../lib/visitor'

/** What the page shows beside the items. */
export async function GET(): Promise<Response> {
  const [quota, health] = await Promise.all([orderLimit.peek(await visitor()), larder.health()])
  const { hits, misses } = larder.cache.stats()
  return Response.json({
    hits,
    misses,
    quota: { limit: ORDERS_A_MINUTE, remaining: quota.remaining, resetMs: quota.resetMs },
    store: { shared: isShared, ok: health.ok },
    instance: process.env.PORT ?? '3000',
  })
}
