// The handler of examples/lambda as people write it with the best known packages: bentocache over Redis for products,
// rate-limiter-flexible by caller, redlock around orders. Bundled by cold-start.mjs as that one is.
import { BentoCache, bentostore } from 'bentocache'
import { redisDriver } from 'bentocache/drivers/redis'
import { Redis } from 'ioredis'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import Redlock from 'redlock'

const connection = new Redis(process.env.REDIS_URL)
const bento = new BentoCache({
  default: 'products',
  stores: { products: bentostore().useL2Layer(redisDriver({ connection })) },
})
const limiter = new RateLimiterRedis({ storeClient: connection, points: 100, duration: 60, keyPrefix: 'api' })
const redlock = new Redlock([connection])

const url = (path) => `${process.env.BACKEND_URL}/${path}`
const json = (statusCode, body) => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

const product = (id) =>
  bento.getOrSet({
    key: `product:${id}`,
    ttl: '1m',
    tags: [`product:${id}`],
    factory: async () => (await fetch(url(`products/${id}`))).json(),
  })

export async function handler(event) {
  await limiter.consume(event.requestContext.http.sourceIp)
  const [, room, id] = event.rawPath.split('/')
  if (room === 'products') return json(200, await product(id))
  const order = JSON.parse(event.body)
  const lock = await redlock.acquire([`customer:${order.customer}`], 10_000)
  try {
    return json(201, await (await fetch(url('orders'), { method: 'POST', body: event.body })).json())
  } finally {
    await lock.release()
  }
}
