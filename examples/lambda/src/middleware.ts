import { cache, cached, idempotent, limiter, RateLimitedError, withLock } from '@larder/core'
import { beginInvocation } from '@larder/core/lambda'
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { answerFor, callerOf, serve } from './api.js'
import { contentOf, createOrder, findProduct, keyOf, type OrderRequest } from './backend.js'
import { PRODUCT_TTL } from './larder.js'

type Request = middy.Request<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>

/** Larder's end of an invocation: what is left to do behind the answer is done before it goes out. */
const invocation = () => {
  const ends = new WeakMap<object, () => Promise<void>>()
  const end = (request: Request) => ends.get(request)?.()
  return {
    before(request: Request) {
      ends.set(request, beginInvocation(request.context))
    },
    after: end,
    async onError(request: Request) {
      request.response = await answerFor(request.error)
      await end(request)
    },
  }
}

const api = limiter({ prefix: 'api', limit: 100, per: '1m' })

/** A hundred requests a minute from each caller. */
const limit = () => ({
  async before({ event }: Request) {
    const outcome = await api.check(callerOf(event))
    if (!outcome.allowed) throw new RateLimitedError('api', outcome)
  },
})

const product = cached(
  {
    ttl: PRODUCT_TTL,
    prefix: 'product',
    staleWhileRevalidate: '10m',
    staleIfError: '1d',
    tags: (id) => [`product:${id}`],
  },
  findProduct,
)
const order = idempotent(
  { prefix: 'order', key: keyOf, payload: contentOf, ttl: '1d' },
  ({ customer, product: id }: OrderRequest) =>
    withLock(
      `customer:${customer}`,
      async () => {
        const found = await product(id)
        if (!found) throw new Error(`no product ${id}`)
        return createOrder({ customer, product: id, pricePence: found.pricePence })
      },
      { ttl: '10s', wait: '5s' },
    ),
)
const purge = (id: string) => cache.evictTags(`product:${id}`)

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(invocation())
  .use(limit())
  .handler((event) => serve({ product, order, purge }, event))
