import { Cached, CacheEvict, Idempotent, RateLimited, withLock } from '@larder/core'
import { lambdaHandler } from '@larder/core/lambda'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { answerFor, callerOf, type Shop, serve } from './api.js'
import { contentOf, createOrder, findProduct, keyOf, type Order, type OrderRequest, type Product } from './backend.js'
import { PRODUCT_TTL } from './larder.js'

const tagsOf = (id: string) => [`product:${id}`]

class Service implements Shop {
  @Cached({ ttl: PRODUCT_TTL, prefix: 'product', staleWhileRevalidate: '10m', staleIfError: '1d', tags: tagsOf })
  async product(id: string): Promise<Product | null> {
    return findProduct(id)
  }

  @Idempotent({ prefix: 'order', key: keyOf, payload: contentOf, ttl: '1d' })
  @withLock((request: OrderRequest) => `customer:${request.customer}`, { ttl: '10s', wait: '5s' })
  async order({ customer, product }: OrderRequest): Promise<Order> {
    const found = await this.product(product)
    if (!found) throw new Error(`no product ${product}`)
    return createOrder({ customer, product, pricePence: found.pricePence })
  }

  @CacheEvict({ tags: tagsOf })
  async purge(_id: string): Promise<void> {}

  @RateLimited({ prefix: 'api', limit: 100, per: '1m', by: callerOf })
  async serve(event: APIGatewayProxyEventV2) {
    return serve(this, event)
  }
}

const service = new Service()

export const handler = lambdaHandler((event: APIGatewayProxyEventV2) => service.serve(event).catch(answerFor))
