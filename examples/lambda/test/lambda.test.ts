import { fileURLToPath } from 'node:url'
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../../../packages/adapters/test/support/redis-server.js'
import { type Backend, startBackend } from '../local/backend.js'
import { httpEvent } from '../local/events.js'
import { type LocalFunction, startFunction } from '../local/runtime.js'

const bundle = (style: string) => fileURLToPath(new URL(`../dist/${style}.cjs`, import.meta.url))

let redis: RedisServer
let backend: Backend
beforeAll(async () => {
  redis = await startRedis()
  backend = await startBackend()
  backend.products.set('butter', { id: 'butter', name: 'Butter', pricePence: 285 })
})
afterAll(async () => {
  await redis?.stop()
  await backend?.close()
})

describe.each(['decorators', 'functions', 'middleware'])('in the style of %s', (style) => {
  let fn: LocalFunction
  beforeAll(async () => {
    await redis.command('FLUSHALL')
    fn = await startFunction({
      bundle: bundle(style),
      handler: 'handler',
      env: { REDIS_URL: redis.url, BACKEND_URL: backend.url },
    })
  })
  afterAll(() => fn?.stop())

  const send = async (...args: Parameters<typeof httpEvent>) => {
    const {
      statusCode,
      headers = {},
      body,
    } = (await fn.invoke(httpEvent(...args))) as APIGatewayProxyStructuredResultV2
    return { statusCode, headers, body: body ? JSON.parse(body) : undefined }
  }
  const order = (idempotencyKey: string, customer = 'ann', product = 'butter') =>
    send('POST', '/orders', { body: { customer, product }, headers: { 'idempotency-key': idempotencyKey } })

  it('asks the backend for a product once', async () => {
    const before = backend.reads
    const answers = [await send('GET', '/products/butter'), await send('GET', '/products/butter')]
    for (const { statusCode, body } of answers)
      expect({ statusCode, body }).toMatchObject({ statusCode: 200, body: { name: 'Butter' } })
    expect(backend.reads).toBe(before + 1)
  })

  it('shows a new price after a purge', async () => {
    await send('GET', '/products/butter')
    backend.products.set('butter', { id: 'butter', name: 'Butter', pricePence: 300 })
    expect((await send('DELETE', '/products/butter')).statusCode).toBe(204)
    expect((await send('GET', '/products/butter')).body.pricePence).toBe(300)
  })

  it('takes an order that is sent twice once', async () => {
    const before = backend.orders.length
    const first = await order(`${style}-1`)
    const second = await order(`${style}-1`)
    expect(first.statusCode).toBe(201)
    expect(second).toEqual(first)
    expect(backend.orders.length).toBe(before + 1)
  })

  it('keeps the orders of two customers apart who chose the same key, and two orders of one customer', async () => {
    const [ann, bob] = [await order(`${style}-3`), await order(`${style}-3`, 'bob')]
    expect([ann.body.customer, bob.body.customer]).toEqual(['ann', 'bob'])
    expect((await order(`${style}-3`, 'ann', 'unicorn')).statusCode).toBe(422)
  })

  it('lets a failed order be sent again', async () => {
    expect((await order(`${style}-2`, 'ann', 'unicorn')).statusCode).toBe(502)
    expect((await order(`${style}-2`, 'ann', 'butter')).statusCode).toBe(201)
  })

  it('refuses the 101st request of a minute, and says when the next one will do', async () => {
    const answers = []
    for (let n = 0; n < 101; n++) answers.push(await send('GET', '/products/butter', { sourceIp: '198.51.100.7' }))
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(100)
    const refusal = answers[100]
    expect(refusal?.statusCode).toBe(429)
    expect(Number(refusal?.headers['Retry-After'])).toBeGreaterThan(0)
    expect(refusal?.headers['Content-Type']).toBe('application/problem+json')
  })

  it('says what is missing of an order', async () => {
    expect((await send('POST', '/orders', { body: {} })).statusCode).toBe(400)
  })

  it('writes nothing to its log', () => {
    expect(fn.output().replace(/Error: no product unicorn[\s\S]*?\n(?! {4})/, '')).toBe('')
  })
})
