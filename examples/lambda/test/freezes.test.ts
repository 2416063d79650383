import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../../../packages/adapters/test/support/redis-server.js'
import { type Backend, startBackend } from '../local/backend.js'
import { httpEvent } from '../local/events.js'
import { type LocalFunction, startFunction } from '../local/runtime.js'

let redis: RedisServer
let backend: Backend
let fn: LocalFunction
beforeEach(async () => {
  // One that forgets which orders were made when it dies could not keep them from being made again.
  redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  backend = await startBackend()
  setPrice(1)
  fn = await startFunction({
    bundle: fileURLToPath(new URL('../dist/decorators.cjs', import.meta.url)),
    handler: 'handler',
    env: { REDIS_URL: redis.url, BACKEND_URL: backend.url, PRODUCT_TTL: '1s' },
  })
})
afterEach(async () => {
  await fn.stop()
  await redis.stop()
  await backend.close()
})

const setPrice = (pricePence: number) => backend.products.set('butter', { id: 'butter', name: 'Butter', pricePence })

let callers = 0
const send = async (method: string, path: string, more: Parameters<typeof httpEvent>[2] = {}) => {
  // Each from an address of its own: the rate limit is not what is tested here.
  const event = httpEvent(method, path, { ...more, sourceIp: `10.0.${callers >> 8}.${callers++ & 255}` })
  const { statusCode, body } = (await fn.invoke(event)) as APIGatewayProxyStructuredResultV2
  return { statusCode, body: body ? JSON.parse(body) : undefined }
}

describe('a function that is frozen between events', () => {
  it('has refreshed a stale product before the answer is out', async () => {
    await send('GET', '/products/butter')
    setPrice(2)
    await sleep(1_100)
    const reads = backend.reads
    expect((await send('GET', '/products/butter')).body.pricePence).toBe(1)
    // Not later, in the next event's time: the process has been stopped since.
    expect(backend.reads).toBe(reads + 1)
    expect((await send('GET', '/products/butter')).body.pricePence).toBe(2)
  })

  it('answers 200 events while Redis restarts, hangs, dies and comes back', { timeout: 120_000 }, async () => {
    const statuses = new Map<number | undefined, number>()
    let purgedPrice = 1
    for (let n = 0; n < 200; n++) {
      await fault(n)
      await sleep(freezeMs(n))
      const { statusCode, body } = await step(n)
      statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
      if (n % 5 === 0) purgedPrice = n + 2
      else if (body?.pricePence !== undefined && n % 5 !== 3) {
        expect(body.pricePence, `event ${n}`).toBeGreaterThanOrEqual(purgedPrice)
      }
    }

    // Every event was answered, products always with the product.
    expect([...statuses.keys()].filter((status) => ![200, 201, 204, 503].includes(status as number))).toEqual([])
    expect(statuses.get(200)).toBe(120)
    // No customer's order came twice, and those that were refused came when they were sent again.
    const customers = backend.orders.map(({ customer }) => customer)
    expect(new Set(customers).size).toBe(customers.length)
    for (const customer of refused) {
      expect((await order(customer)).statusCode).toBe(201)
    }
    expect(new Set(backend.orders.map(({ customer }) => customer)).size).toBe(20)
    expect(fn.output()).not.toMatch(/unhandled/i)
  })

  const refused = new Set<string>()
  const order = (customer: string) =>
    send('POST', '/orders', { body: { customer, product: 'butter' }, headers: { 'idempotency-key': customer } })

  /** Of five events, one changes a price and purges it, three ask for it, and one orders; each order is sent twice. */
  async function step(n: number) {
    switch (n % 5) {
      case 0:
        setPrice(n + 2)
        return send('DELETE', '/products/butter')
      case 3: {
        const customer = `customer-${n % 100}`
        const answer = await order(customer)
        if (answer.statusCode === 201) refused.delete(customer)
        else refused.add(customer)
        return answer
      }
      default:
        return send('GET', '/products/butter')
    }
  }

  async function fault(n: number): Promise<void> {
    if (n === 40) await redis.restart({ keepData: true })
    if (n === 70) redis.pause()
    if (n === 90) redis.resume()
    if (n === 120) await redis.kill()
    if (n === 150) await redis.restart({ keepData: true })
  }

  /** Mostly short, now and then as long as a quiet minute's: up to five seconds. */
  function freezeMs(n: number): number {
    return { 10: 5_000, 75: 3_000, 100: 2_000, 125: 1_000, 160: 4_000 }[n] ?? (n * 7) % 30
  }
})
