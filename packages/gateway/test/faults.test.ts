import { connect } from 'node:net'
import { Redis } from '@upstash/redis'
import { expect, test } from 'vitest'
import { startRedis } from '../../adapters/test/support/redis-server.js'
import { startProxy } from '../../adapters/test/support/tcp-proxy.js'
import { waitUntil } from '../../adapters/test/support/wait-until.js'
import { openStream } from './support/events.js'
import { startGateway, startPair, type TestGateway } from './support/gateway.js'

const CONNECT_MS = 300
const COMMAND_MS = 400
/** What a busy machine adds. */
const GRACE_MS = 2_000
const BUDGET = { connectTimeout: `${CONNECT_MS}ms`, commandTimeout: `${COMMAND_MS}ms` } as const

/** Every kind of request that asks Redis, at once: what each is answered, and how long the last one took. */
async function askAll(gateway: TestGateway) {
  const startedMs = performance.now()
  const answers = await Promise.all([
    gateway.run('GET', 'a'),
    gateway.ask('/get/a', { method: 'GET' }),
    gateway.ask('/pipeline', {
      body: [
        ['GET', 'a'],
        ['INCR', 'n'],
      ],
    }),
    gateway.ask('/multi-exec', {
      body: [
        ['GET', 'a'],
        ['INCR', 'n'],
      ],
    }),
    gateway.ask('/subscribe/c'),
    ...Array.from({ length: 45 }, () => gateway.run('GET', 'a')),
  ])
  const statuses = [...new Set(answers.map(({ status }) => status))]
  const errors = [...new Set(answers.map(({ json }) => json?.error as string))]
  return { statuses, errors, tookMs: performance.now() - startedMs }
}

test('Redis refuses connections: a 503 at once, and all is well when it is back', async () => {
  // Long enough to be noticed if they were used up.
  await using pair = await startPair({ connectTimeout: '10s', commandTimeout: '10s' })
  await pair.gateway.run('PING')
  await pair.redis.kill()
  const { statuses, errors, tookMs } = await askAll(pair.gateway)
  expect(statuses).toEqual([503])
  const { port } = pair.redis
  expect(errors).toEqual([`ERR cannot connect to redis://127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`])
  expect(tookMs).toBeLessThan(GRACE_MS)
  await pair.redis.restart()
  expect((await pair.gateway.run('INCR', 'n')).json).toEqual({ result: 1 })
  expect((await pair.gateway.ask('/multi-exec', { body: [['INCR', 'n']] })).json).toEqual([{ result: 2 }])
})

test('Redis dies under way: a 502 that says that it is not known what was done', async () => {
  await using pair = await startPair({}, { args: ['--lua-time-limit', '20'] })
  const endless = 'while true do end'
  const asked = [
    pair.gateway.run('EVAL', endless, 0),
    pair.gateway.ask('/pipeline', { body: [['EVAL', endless, 0], ['PING']] }),
    pair.gateway.ask('/multi-exec', { body: [['EVAL', endless, 0]] }),
  ]
  const busy = (error: Error) => error.message.startsWith('BUSY')
  await waitUntil('Redis is at it', () => pair.redis.cli('GET', 'a').then(() => false, busy))
  await pair.redis.kill()
  for (const { status, json } of (await Promise.all(asked)).slice(0, 2)) {
    expect(status).toBe(502)
    expect(json.error).toMatch(
      /^ERR the connection to redis:\/\/\S+ was lost.*; what was sent may or may not have run$/,
    )
  }
})

test('Redis hangs: a 504 within the time that a command has, and all is well when it goes on', async () => {
  await using pair = await startPair(BUDGET)
  await pair.gateway.run('PING')
  pair.redis.pause()
  for (let round = 0; round < 2; round++) {
    const { statuses, errors, tookMs } = await askAll(pair.gateway)
    expect(statuses).toEqual([504])
    expect(errors).toEqual([
      expect.stringMatching(/^ERR no answer from redis:\S+ in time; what was sent may or may not have run$/),
    ])
    expect(tookMs).toBeLessThan(COMMAND_MS + GRACE_MS)
  }
  pair.redis.resume()
  expect((await pair.gateway.run('SET', 'a', 1)).json).toEqual({ result: 'OK' })
  // The one shared connection; those that hung are gone.
  await waitUntil('no other is left', async () => (await pair.redis.clientCount()) === 1)
})

test('the network swallows everything: an open connection is given up, a new one is not waited for long', async () => {
  await using pair = await startPair()
  await using proxy = await startProxy(pair.redis)
  await using gateway = await startGateway({ redis: proxy.url, ...BUDGET })
  await gateway.run('SET', 'a', 1)
  proxy.blackhole({ existing: true, fresh: false })
  expect((await gateway.run('GET', 'a')).status).toBe(504)
  expect((await gateway.run('GET', 'a')).json).toEqual({ result: '1' })
  proxy.blackhole(true)
  const { statuses, tookMs } = await askAll(gateway)
  expect(statuses).toEqual([504])
  expect(tookMs).toBeLessThan(CONNECT_MS + COMMAND_MS + GRACE_MS)
})

test('a server that never introduces itself is not waited for longer than connecting may take', async () => {
  await using pair = await startPair()
  await using proxy = await startProxy(pair.redis)
  proxy.blackhole(true)
  await using gateway = await startGateway({ redis: `${proxy.url}/3`, ...BUDGET, commandTimeout: '10s' })
  const startedMs = performance.now()
  expect(await gateway.run('GET', 'a')).toMatchObject({
    status: 503,
    json: { error: `ERR cannot connect to ${proxy.url}/3: no answer within ${CONNECT_MS} ms` },
  })
  expect(performance.now() - startedMs).toBeLessThan(CONNECT_MS + GRACE_MS)
})

test('connections are cut: what was under way fails, the next request opens another, nothing is sent twice', async () => {
  await using pair = await startPair()
  await using proxy = await startProxy(pair.redis)
  await using gateway = await startGateway({ redis: proxy.url })
  await gateway.run('PING')
  proxy.dropReplies({ times: 1, to: 'INCR' })
  expect((await gateway.run('INCR', 'n')).status).toBe(502)
  expect((await gateway.run('GET', 'n')).json).toEqual({ result: '1' })
  proxy.cut()
  await waitUntil('it works again', async () => (await gateway.run('INCR', 'n')).json.result === 2)
})

test('what Redis answers by an error is a 400, however bad it looks', async () => {
  await using pair = await startPair()
  await pair.redis.cli('CONFIG', 'SET', 'maxmemory', 1)
  const { status, json } = await pair.gateway.run('SET', 'a', 'b')
  expect([status, json.error]).toEqual([400, expect.stringMatching(/^OOM command not allowed/)])
})

test('a wrong password for Redis is a 503, not the 401 of a wrong token, and is never shown', async () => {
  await using pair = await startPair({}, { password: 'right' })
  await using wrong = await startGateway({ redis: `redis://:wr0ng@127.0.0.1:${pair.redis.port}` })
  await using none = await startGateway({ redis: `redis://127.0.0.1:${pair.redis.port}` })
  const { status, json } = await wrong.run('GET', 'a')
  expect([status, json.error]).toEqual([
    503,
    expect.stringMatching(/^ERR cannot connect to redis:\/\/127\.0\.0\.1:\d+: WRONGPASS/),
  ])
  expect(json.error).not.toContain('wr0ng')
  expect(wrong.redis).toBe(`redis://127.0.0.1:${pair.redis.port}`)
  expect((await pair.gateway.run('SET', 'a', 1)).json).toEqual({ result: 'OK' })
  await expect(wrong.ping()).rejects.toThrow('WRONGPASS')
  await expect(none.ping()).rejects.toThrow(`redis://127.0.0.1:${pair.redis.port} refuses: NOAUTH`)
  expect(await none.run('GET', 'a')).toMatchObject({ status: 400, json: { error: expect.stringMatching(/^NOAUTH/) } })
})

test('the SDK reports a dead Redis as an error, without retries of its own', async () => {
  await using pair = await startPair(BUDGET)
  await pair.redis.kill()
  const redis = new Redis({ url: pair.gateway.url, token: pair.gateway.token })
  const startedMs = performance.now()
  await expect(redis.get('a')).rejects.toThrow('ERR cannot connect to redis://')
  await expect(redis.multi().get('a').exec()).rejects.toThrow('ERR cannot connect to redis://')
  expect(performance.now() - startedMs).toBeLessThan(GRACE_MS)
})

test('transactions wait for each other while Redis hangs, and beyond those that may wait is a 503', async () => {
  await using pair = await startPair({ maxTransactions: 1, maxWaiting: 1, commandTimeout: '300ms' })
  const transact = () => pair.gateway.ask('/multi-exec', { body: [['INCR', 'n']] })
  await transact()
  pair.redis.pause()
  const statuses = (await Promise.all([transact(), transact(), transact()])).map(({ status }) => status)
  expect(statuses.sort()).toEqual([503, 504, 504])
  pair.redis.resume()
  expect((await transact()).status).toBe(200)
})

test('an event stream shows that it lives, and ends when Redis hangs', async () => {
  await using pair = await startPair({ heartbeat: '400ms' })
  const stream = await openStream(pair.gateway, '/subscribe/a')
  expect((await stream.received(3)).slice(0, 3)).toEqual(['subscribe,a,1', ':', ':'])
  await pair.gateway.run('PUBLISH', 'a', 'pong,')
  await waitUntil('the message is there', () => stream.events.includes('message,a,pong,'))
  pair.redis.pause()
  await stream.untilEnded()
  pair.redis.resume()
  await waitUntil('its connection is gone', async () => (await pair.redis.clientCount()) === 1)
})

test('a client that does not read its event stream is cut, rather than remembered for ever', async () => {
  await using pair = await startPair()
  const { hostname, port } = new URL(pair.gateway.url)
  const lazy = connect(Number(port), hostname)
  lazy.on('error', () => {}) // it is cut
  const closed = new Promise((resolve) => lazy.once('close', resolve))
  lazy.write(`GET /subscribe/a HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${pair.gateway.token}\r\n\r\n`)
  await waitUntil('it is subscribed', async () => (await pair.redis.cli('PUBSUB', 'NUMSUB', 'a')) === 'a\n1')
  lazy.pause()
  const message = 'x'.repeat(1_000_000)
  await waitUntil(
    'nobody listens any more',
    async () => (await pair.gateway.run('PUBLISH', 'a', message)).json.result === 0,
  )
  lazy.resume()
  await closed
})

test('Redis behind TLS: a certificate that is not trusted is a 503 that says so', async () => {
  await using redis = await startRedis({ tls: true })
  await using gateway = await startGateway({ redis: redis.url })
  expect(await gateway.run('PING')).toMatchObject({
    status: 503,
    json: { error: expect.stringMatching(/self.signed certificate/) },
  })
  await using plain = await startGateway({ redis: redis.url.replace('rediss', 'redis'), ...BUDGET })
  expect((await plain.run('PING')).status).toBeGreaterThanOrEqual(502)
})
