import { type Adapter, createLarder, type LarderEvent, type LimitOutcome } from '@larder/core'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../support/free-port.js'
import { limitAdapters } from '../support/limit-adapters.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { startProxy } from '../support/tcp-proxy.js'

const BUDGET_MS = 250
/** What timers and a busy machine may add to it. */
const SLACK_MS = 150

let redis: RedisServer
beforeEach(async () => {
  redis = await startRedis()
})
afterEach(() => redis.stop())

function open(url = redis.url) {
  const adapter = limitAdapters.tcp?.(url) as Adapter
  onTestFinished(() => adapter.close())
  const events: LarderEvent[] = []
  return { ...createLarder({ adapter, onEvent: (event) => events.push(event) }), events }
}

const policies = ['local', 'allow', 'deny'] as const
const rule = { prefix: 'api', limit: 3, per: '1h' } as const

async function timed(call: () => Promise<LimitOutcome>): Promise<LimitOutcome & { tookMs: number }> {
  const startedMs = performance.now()
  const outcome = await call()
  return { ...outcome, tookMs: performance.now() - startedMs }
}

/** What 20 calls one after the other are told, and how long each waited. */
async function twenty(call: () => Promise<LimitOutcome>) {
  const outcomes: Awaited<ReturnType<typeof timed>>[] = []
  for (let i = 0; i < 20; i++) outcomes.push(await timed(call))
  return outcomes
}

const admits = { local: 3, allow: 20, deny: 0 }

describe.each(policies)('onStoreError: %s', (onStoreError) => {
  test('with the server refusing connections, each call is answered within one budget', async () => {
    const { limiter, events } = open(`redis://127.0.0.1:${await freePort()}`)
    const api = limiter({ ...rule, onStoreError })
    // The client is loaded, and the engine.
    await api.check('warm')
    const outcomes = await twenty(() => api.check('k'))
    expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(admits[onStoreError])
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['undecided']))
    for (const { tookMs } of outcomes) expect(tookMs).toBeLessThan(BUDGET_MS + SLACK_MS)
    expect(events.some(({ type }) => type === 'fallback')).toBe(true)
  })

  test('with the server frozen, the policy decides within one budget, and at once when the breaker is open', async () => {
    const { limiter } = open()
    const api = limiter({ ...rule, onStoreError })
    await api.check('warm')
    redis.pause()
    const outcomes = await twenty(() => api.check('k'))
    expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(admits[onStoreError])
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['undecided']))
    for (const { tookMs } of outcomes) expect(tookMs).toBeLessThan(BUDGET_MS + SLACK_MS)
    for (const { tookMs } of outcomes.slice(6)) expect(tookMs).toBeLessThan(SLACK_MS)
    redis.resume()
  })

  test('with the server killed and started anew, it is asked again', async () => {
    const { limiter } = open()
    const api = limiter({ ...rule, onStoreError })
    await api.check('warm')
    await redis.kill()
    expect((await api.check('k')).status).toBe('undecided')
    await redis.restart()
    await expect.poll(async () => (await api.check('other')).status, { timeout: 5_000 }).toBe('allowed')
  })
})

test('a check whose answer was lost is not sent again, and what it spent is spent', async () => {
  await using proxy = await startProxy(redis)
  const { limiter } = open(proxy.url)
  const api = limiter({ ...rule, onStoreError: 'deny' })
  await api.check('k')
  proxy.dropReplies({ times: 1, to: 'evalsha' })
  expect(await api.check('k')).toMatchObject({ status: 'undecided', allowed: false })
  expect(await api.check('k')).toMatchObject({ status: 'allowed', remaining: 0 })
})

test('a place of concurrency whose taking was not answered does not stay taken', async () => {
  await using proxy = await startProxy(redis)
  const { limiter } = open(proxy.url)
  const jobs = limiter({ ...rule, limit: 1, algorithm: 'concurrency', onStoreError: 'deny' })
  await jobs.peek('k')
  proxy.dropReplies({ times: 1, to: 'evalsha' })
  expect(await jobs.check('k')).toMatchObject({ status: 'undecided', allowed: false })
  await expect.poll(async () => (await jobs.peek('k')).remaining, { timeout: 5_000 }).toBe(1)
})

test('scripts that the server has forgotten are sent again, and count once', async () => {
  const { limiter } = open()
  const api = limiter({
    ...rule,
    limits: [
      { limit: 3, per: '1h' },
      { limit: 9, per: '2h' },
    ],
    limit: undefined,
    per: undefined,
  })
  await api.check('k')
  await redis.cli('SCRIPT', 'FLUSH')
  expect(await api.check('k')).toMatchObject({ status: 'allowed', remaining: 1 })
})

test('a replica that takes no writes is a store that cannot be asked', async () => {
  const { limiter } = open()
  const api = limiter({ ...rule, onStoreError: 'deny' })
  await api.check('k')
  await redis.cli('REPLICAOF', '127.0.0.1', String(await freePort()))
  expect(await api.check('k')).toMatchObject({ status: 'undecided', allowed: false })
  await redis.cli('REPLICAOF', 'NO', 'ONE')
})

test('a freeze of the server in the middle of traffic lets each process admit the limit once more at most', async () => {
  const processes = [open(), open(), open()].map(({ limiter }) => limiter({ ...rule, limit: 10 }))
  for (const api of processes) await api.check('warm')
  let admitted = 0
  const round = async () => {
    for (const api of processes) if ((await api.check('k')).allowed) admitted++
  }
  for (let i = 0; i < 2; i++) await round()
  redis.pause()
  for (let i = 0; i < 20; i++) await round()
  redis.resume()
  const endAtMs = performance.now() + 4_000
  while (performance.now() < endAtMs) {
    await round()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  // As the guide says: the limit by the store, and the limit by each process that counted alone.
  expect(admitted).toBeGreaterThan(10)
  expect(admitted).toBeLessThanOrEqual((processes.length + 1) * 10)
  for (const api of processes) expect(await api.check('k')).toMatchObject({ allowed: false })
  for (const api of processes) expect(await api.check('other')).toMatchObject({ status: 'allowed' })
})
