import { cache, cached, idempotent, rateLimited, withLock } from '@larder/core'
import { lambdaHandler } from '@larder/core/lambda'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { answerFor, callerOf, serve } from './api.js'
import { contentOf, createOrder, findProduct, keyOf, type OrderRequest } from './backend.js'
import { PRODUCT_TTL } from './larder.js'

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

const order = idempotent({ prefix: 'order', key: keyOf, payload: contentOf, ttl: '1d' }, (request: OrderRequest) =>
  withLock(`customer:${request.customer}`, () => place(request), { ttl: '10s', wait: '5s' }),
)

async function place({ customer, product: id }: OrderRequest) {
  const found = await product(id)
  if (!found) throw new Error(`no product ${id}`)
  return createOrder({ customer, product: id, pricePence: found.pricePence })
}

const purge = (id: string) => cache.evictTags(`product:${id}`)

const limited = rateLimited({ prefix: 'api', limit: 100, per: '1m', by: callerOf }, (event: APIGatewayProxyEventV2) =>
  serve({ product, order, purge }, event),
)

export const handler = lambdaHandler((event: APIGatewayProxyEventV2) => limited(event).catch(answerFor))
