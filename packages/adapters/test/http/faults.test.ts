import { type Adapter, createLarder } from '@larder/core'
import { describe, expect, test } from 'vitest'
import { type Fifty, fifty } from '../support/fifty.js'
import { freePort } from '../support/free-port.js'
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js'
import { waitUntil } from '../support/wait-until.js'
import { startGatewayProcess } from './gateway-process.js'
import { setUpServers, token } from './setup.js'

const BUDGET_MS = 1_000
/** What a busy machine may add to it. A second budget would be as much as the first. */
const SLACK_MS = 500

const servers = setUpServers()
refuseUnhandledRejections()

function expectAnswered({ max }: Fifty): void {
  expect(max).toBeLessThan(BUDGET_MS + SLACK_MS)
}

/** Cached calls until one is a hit again. */
async function recover(adapter: Adapter): Promise<void> {
  const { cached, cache } = createLarder({ adapter, namespace: 'recover' })
  const find = cached('1m', 'find', async () => 1)
  await waitUntil('a call is a hit', async () => (await find()) === 1 && cache.stats().hits > 0)
}

/** 50 calls at once, and 50 more, each for a new key. @returns the longest of the first and of the second, in ms. */
async function twiceFifty(adapter: Adapter): Promise<[first: number, second: number]> {
  const { cached, events } = createLarder({ adapter })
  let opened = false
  events.on((event) => {
    opened ||= event.type === 'breaker' && event.state === 'open'
  })
  const find = cached('1m', 'find', async (id: number) => ({ id }))
  const longest = async (from: number) => {
    const timed = Array.from({ length: 50 }, async (_, i) => {
      const startedMs = performance.now()
      expect(await find(from + i)).toEqual({ id: from + i })
      return performance.now() - startedMs
    })
    return Math.max(...(await Promise.all(timed)))
  }
  // As many requests as it takes to open it: calls of one tick are one request.
  const firsts: number[] = []
  for (let from = 0; !opened && from < 500; from += 50) firsts.push(await longest(from))
  return [Math.max(...firsts), await longest(1_000)]
}

describe('50 cached calls with the defaults, when the gateway', () => {
  test('is well', async () => {
    const adapter = servers.open()
    expectAnswered(await fifty(adapter))
    await recover(adapter)
  })

  test('refuses connections', async () => {
    const { p50, ...result } = await fifty(servers.open({ url: `http://127.0.0.1:${await freePort()}` }))
    expectAnswered({ p50, ...result })
    expect(p50).toBeLessThan(5)
  })

  test('is killed in the middle, and comes back', async () => {
    await using gateway = await startGatewayProcess(servers.redis.url, token)
    const adapter = servers.open({ url: gateway.url })
    expectAnswered(await fifty(adapter, (call) => call === 10 && gateway.kill()))
    await gateway.restart()
    await recover(adapter)
  })

  test('hangs from the start', async () => {
    await using gateway = await startGatewayProcess(servers.redis.url, token)
    gateway.pause()
    expectAnswered(await fifty(servers.open({ url: gateway.url })))
    gateway.resume()
  })

  test('hangs in the middle, and goes on', async () => {
    await using gateway = await startGatewayProcess(servers.redis.url, token)
    const adapter = servers.open({ url: gateway.url })
    expectAnswered(await fifty(adapter, (call) => call === 10 && gateway.pause()))
    gateway.resume()
    await recover(adapter)
  })

  test('hangs, and then at once while the breaker is open', async () => {
    await using gateway = await startGatewayProcess(servers.redis.url, token)
    gateway.pause()
    const [first, second] = await twiceFifty(servers.open({ url: gateway.url }))
    expect(first).toBeLessThan(BUDGET_MS + SLACK_MS)
    expect(second).toBeLessThan(50)
    gateway.resume()
  })

  test('is killed, and then at once while the breaker is open', async () => {
    const [first, second] = await twiceFifty(servers.open({ url: `http://127.0.0.1:${await freePort()}` }))
    expect(first).toBeLessThan(BUDGET_MS)
    expect(second).toBeLessThan(50)
  })

  test('is slow', async () => {
    servers.proxy.fault = { delayMs: 1_500 }
    expectAnswered(await fifty(servers.open()))
  })

  test('has its connections cut again and again', async () => {
    const { open, proxy } = servers
    const adapter = open()
    expectAnswered(await fifty(adapter, (call) => call % 5 === 4 && proxy.cut()))
    // A dead connection costs the requests that were on it. The next are served by the store.
    await recover(adapter)
  })

  test('stands before a Redis that hangs', async () => {
    const { open, redis } = servers
    try {
      expectAnswered(await fifty(open(), (call) => call === 10 && redis.pause()))
    } finally {
      redis.resume()
    }
  })

  const answers = {
    'a page of HTML': { status: 502, type: 'text/html', body: '<html><h1>Bad gateway: secret</h1></html>' },
    'HTML with status 200': { type: 'text/html', body: '<!doctype html><p>secret' },
    'half of its answer': { half: true },
    nothing: { body: '' },
    'JSON of another shape': { body: '{"message":"secret"}' },
    'too short a list': { body: '[]' },
    'a list of nonsense': { body: '[null]' },
    'an error without a word': { status: 500, body: '{"error":"secret trouble"}' },
  }
  test.each(Object.entries(answers))('answers with %s', async (_, fault) => {
    const { open, proxy } = servers
    const result = await fifty(open(), (call) => {
      if (call === 10) proxy.fault = fault
    })
    expectAnswered(result)
    const failed = result.events.find((event) => event.type === 'fallback') as { error: Error } | undefined
    expect(failed?.error).toMatchObject({ code: 'ERR_STORE' })
    if (!('status' in fault && fault.status === 500)) expect(inspect(failed?.error)).not.toContain('secret')
  })
})

/** Everything that a log would print of an error. */
function inspect(error: unknown): string {
  const { message, cause } = error as Error
  return cause === undefined ? message : `${message} ${inspect(cause)}`
}

describe('a refusal is told with what to do', () => {
  test('a wrong token, not printed', async () => {
    const error = await servers
      .open({ token: 'wrong-secret' })
      .getMany(['a'])
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_REPLY', reply: 'WRONGPASS', retryable: false })
    expect((error as Error).message).toContain('UPSTASH_REDIS_REST_TOKEN')
    expect(inspect(error)).not.toContain('wrong-secret')
  })

  test('a wrong token from another variable, by its name', async () => {
    const env = { KV_REST_API_URL: servers.proxy.url, KV_REST_API_TOKEN: 'wrong' }
    const adapter = servers.open({ url: undefined, token: undefined, env })
    await expect(adapter.getMany(['a'])).rejects.toThrow('look at `KV_REST_API_TOKEN`')
  })

  test('a limit of the plan', async () => {
    const { open, proxy } = servers
    proxy.fault = { status: 429, body: '{"error":"ERR max daily request limit exceeded. Limit: 10000, Usage: 10000."}' }
    const error = await open()
      .getMany(['a'])
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_REPLY', reply: 'LIMIT', retryable: false })
    expect(inspect(error)).toContain('Limit: 10000')
  })

  test('maxmemory', async () => {
    const { open, redis } = servers
    await redis.cli('CONFIG', 'SET', 'maxmemory', '1')
    await expect(open().set('k', 'v')).rejects.toMatchObject({ code: 'ERR_REPLY', reply: 'OOM' })
    await redis.cli('CONFIG', 'SET', 'maxmemory', '0')
  })

  test('neither keys nor values are in an error', async () => {
    const { open, proxy } = servers
    proxy.fault = { status: 400, body: '{"error":"ERR no"}' }
    const error = await open()
      .set('secret-key', 'secret-value')
      .catch((reason: unknown) => reason)
    expect(inspect(error)).not.toContain('secret')
  })
})

test('a request that takes longer than `requestTimeout` is given up, also while its body comes', async () => {
  const { open, proxy } = servers
  const adapter = open({ requestTimeout: '100ms' })
  proxy.fault = { hang: true }
  const startedMs = performance.now()
  await expect(adapter.getMany(['a'])).rejects.toMatchObject({ code: 'ERR_STORE', reason: 'timeout', retryable: false })
  expect(performance.now() - startedMs).toBeLessThan(400)
  await expect.poll(() => proxy.abandoned).toBeGreaterThan(0)
})

test('a request is sent once: what was lost on the way back is not counted twice', async () => {
  const { open, proxy } = servers
  const { limiter } = createLarder({ adapter: open() })
  const api = limiter({ prefix: 'api', limit: 10, per: '1m' })
  await api.check('k')
  proxy.fault = { lost: true }
  expect(await api.check('k')).toMatchObject({ status: 'undecided' })
  proxy.fault = undefined
  // Two were spent before: by the first, and by the one whose answer was lost.
  expect(await api.check('k')).toMatchObject({ status: 'allowed', remaining: 7 })
})

test('a lock whose taking was not answered is nobody’s, and is given back', async () => {
  const { open, proxy } = servers
  const { locks } = createLarder({ adapter: open() })
  await locks.isHeld('job')
  proxy.fault = { lost: true }
  await expect(locks.acquire('job')).rejects.toMatchObject({ code: 'ERR_LOCK_STORE' })
  proxy.fault = undefined
  await expect.poll(() => locks.isHeld('job'), { timeout: 2_000 }).toBe(false)
})

test('scripts survive a flush of the server, with one EVAL each', async () => {
  const { open, redis } = servers
  const { limiter } = createLarder({ adapter: open() })
  const api = limiter({ prefix: 'api', limit: 10, per: '1m' })
  await api.check('k')
  await redis.cli('SCRIPT', 'FLUSH')
  await redis.resetStats()
  expect(await api.check('k')).toMatchObject({ status: 'allowed', remaining: 8 })
  expect(await api.check('k')).toMatchObject({ status: 'allowed', remaining: 7 })
  expect(await redis.commandStats()).toMatchObject({ evalsha: 2, eval: 1 })
})
