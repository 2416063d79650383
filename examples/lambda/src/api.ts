import { isLarderError, RateLimitedError, tooManyRequestsResult } from '@larder/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import type { Order, OrderRequest, Product } from './backend.js'

/** What the three styles each make in their own way. */
export interface Shop {
  product(id: string): Promise<Product | null>
  order(request: OrderRequest): Promise<Order>
  /** Forgets what is kept of a product. */
  purge(id: string): Promise<void>
}

type Result = APIGatewayProxyStructuredResultV2

/** Routes an event of an HTTP API to the shop. */
export async function serve(shop: Shop, event: APIGatewayProxyEventV2): Promise<Result> {
  const [, room, id = ''] = event.rawPath.split('/')
  switch (`${event.requestContext.http.method} ${room}`) {
    case 'GET products': {
      const product = await shop.product(id)
      return product ? json(200, product) : json(404, { error: 'no such product' })
    }
    case 'DELETE products':
      await shop.purge(id)
      return { statusCode: 204 }
    case 'POST orders': {
      const { customer, product } = JSON.parse(event.body ?? '{}')
      const idempotencyKey = event.headers['idempotency-key']
      if (!idempotencyKey || !customer || !product) return json(400, { error: 'customer, product, Idempotency-Key' })
      return json(201, await shop.order({ customer, product, idempotencyKey }))
    }
    default:
      return json(404, { error: 'no such route' })
  }
}

/** Who calls, for the rate limit. API Gateway itself sets this. */
export const callerOf = (event: APIGatewayProxyEventV2) => event.requestContext.http.sourceIp

/** What an error means to a client. */
export async function answerFor(error: unknown): Promise<Result> {
  if (error instanceof RateLimitedError) return tooManyRequestsResult(error)
  if (isLarderError(error)) return json(STATUS[error.code] ?? 500, { error: error.code })
  console.error(error)
  return json(502, { error: 'the backend failed' })
}

/** Orders are never guessed about: with the store away, they are to be sent again, with the same key. */
const STATUS: Readonly<Record<string, number>> = {
  ERR_LOCK_STORE: 503,
  ERR_LOCK_BUSY: 409,
  ERR_IDEMPOTENCY_CONFLICT: 409,
  ERR_IDEMPOTENCY_MISMATCH: 422,
  ERR_STORE: 503,
}

function json(statusCode: number, body: unknown): Result {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
