import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startProxy } from '../../../packages/adapters/test/support/tcp-proxy.js'
import { waitUntil } from '../../../packages/adapters/test/support/wait-until.js'
import { type Answer, type Client, coldDay } from './support/client.js'
import { type GatewayProcess, startGatewayProcess } from './support/gateway-process.js'
import { ADMIN_TOKEN, startWorld, type World } from './support/world.js'

/** What the larder may add to a request over HTTP, by default. */
const BUDGET_MS = 1_000
/** For a machine that does other things as well. */
const SLACK_MS = 400

let world: World
let gateway: GatewayProcess
let worker: Client
/** How long the slowest of 50 takes when all is well, each with a look into the tables. */
let wellMs: number

beforeAll(async () => {
  world = await startWorld()
  gateway = await startGatewayProcess(world.redis.url)
  worker = await world.start({ upstash: gateway })
  await fifty(worker)
  wellMs = slowest(await fifty(worker))
})
afterAll(async () => {
  await world.stop()
  await gateway.stop()
})

/** 50 requests at once, each for a key that is cold. */
async function fifty(worker: Client): Promise<Answer[]> {
  const days = Array.from({ length: 50 }, coldDay)
  const answers = await worker.askAll(days.map((day) => `/tides/whitby/${day}`))
  expect(answers.map(({ body }) => body.day)).toEqual(days)
  return answers
}

const slowest = (answers: readonly Answer[]) => Math.max(...answers.map(({ tookMs }) => tookMs))
const breaker = async () => (await worker.ask('/health')).body.adapters.http.breaker

describe('a Worker whose gateway', () => {
  // The next test begins with all well: things are kept again.
  afterEach(async () => {
    await waitUntil('the larder is back', async () => (await breaker()) === 'closed')
    const path = `/tides/whitby/${coldDay()}`
    const { body } = await worker.ask(path)
    expect((await worker.ask(path)).body).toEqual(body)
  })

  test('was killed answers all, at once', async () => {
    await gateway.kill()
    expect(slowest(await fifty(worker))).toBeLessThan(wellMs + SLACK_MS)
    expect(slowest(await fifty(worker))).toBeLessThan(wellMs + SLACK_MS)
    await gateway.restart()
  })

  test('hangs answers all within one budget, then at once', async () => {
    gateway.pause()
    expect(slowest(await fifty(worker))).toBeLessThan(wellMs + BUDGET_MS + SLACK_MS)
    expect(slowest(await fifty(worker))).toBeLessThan(wellMs + SLACK_MS)
    gateway.resume()
  })

  test('has a Redis that hangs answers all within one budget, then at once', async () => {
    world.redis.pause()
    expect(slowest(await fifty(worker))).toBeLessThan(wellMs + BUDGET_MS + SLACK_MS)
    expect(slowest(await fifty(worker))).toBeLessThan(wellMs + SLACK_MS)
    world.redis.resume()
  })

  test('is gone says so where it cannot do without: reports, purges, the refresh and its health', async () => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'cf-connecting-ip': '192.0.2.9' }
    const report = () => worker.ask('/reports/dover', { method: 'POST', headers, body: 'fog' })
    await gateway.kill()
    expect(await report()).toMatchObject({ status: 503, body: { title: 'the larder cannot do that now' } })
    expect((await worker.ask('/reports/dover')).status).toBe(404)
    expect((await worker.ask('/tides', { method: 'DELETE', headers })).status).toBe(503)
    const { asked } = world.tables
    expect((await worker.ask('/refresh', { method: 'POST', headers })).status).toBe(503)
    expect(world.tables.asked).toBe(asked)
    expect(await worker.ask('/health')).toMatchObject({ status: 503, body: { ok: false } })
    // This isolate counts by itself meanwhile.
    for (let i = 1; i < 10; i++) await report()
    expect((await report()).status).toBe(429)
    await gateway.restart()
  })
})

// It takes most of the budget to read; what is left is too little to write.
test('a Worker whose gateway is slow answers all within one budget, then at once', async () => {
  await using network = await startProxy({ host: '127.0.0.1', port: gateway.port })
  const slowed = await world.start({ upstash: { url: `http://127.0.0.1:${network.port}`, token: gateway.token } })
  await fifty(slowed)
  network.latency(0.7 * BUDGET_MS)
  expect(slowest(await fifty(slowed))).toBeLessThan(wellMs + BUDGET_MS + SLACK_MS)
  expect(slowest(await fifty(slowed))).toBeLessThan(wellMs + SLACK_MS)
})
