import { RateLimitedError, rateLimitHeaders, tooManyRequests } from '@larder/core'
import { orderLimit } from '../../../lib/orders'
import { visitor } from '../../../lib/visitor'

/** Takes an order, five a minute for each visitor. */
export async function POST(request: Request): Promise<Response> {
  const { id } = (await request.json()) as { id?: string }
  if (!id) return Response.json({ error: 'say which item, as `id`' }, { status: 400 })
  const outcome = await orderLimit.check(await visitor())
  if (!outcome.allowed) return tooManyRequests(new RateLimitedError('orders', outcome))
  return Response.json({ ordered: id }, { status: 201, headers: rateLimitHeaders(outcome) })
}
