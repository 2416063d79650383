import { createLarder } from '@larder/core'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type TcpAdapter, tcp } from '../../src/tcp/index.js'
import { type Fifty, fifty } from '../support/fifty.js'
import { freePort } from '../support/free-port.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { startProxy } from '../support/tcp-proxy.js'
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js'

const BUDGET_MS = 250
/** What timers and a busy machine may add to it. */
const SLACK_MS = 60

let redis: RedisServer
refuseUnhandledRejections()
beforeEach(async () => {
  redis = await startRedis()
})
afterEach(() => redis.stop())

function open(options: Parameters<typeof tcp>[0] = { url: redis.url }): TcpAdapter {
  const adapter = tcp(options)
  onTestFinished(() => adapter.close())
  return adapter
}

function expectAnswered({ p50, max }: Fifty): void {
  expect(p50).toBeLessThan(2)
  expect(max).toBeLessThan(BUDGET_MS + SLACK_MS)
}

/** Cached calls until one is a hit again. @returns how long that took. */
async function recover(adapter: TcpAdapter): Promise<number> {
  const { cached, cache } = createLarder({ adapter, namespace: 'recover', store: { breaker: { failures: 1_000_000 } } })
  const find = cached('1m', 'find', async () => 1)
  const startedMs = performance.now()
  while (cache.stats().hits === 0) await find()
  return performance.now() - startedMs
}

describe('50 cached calls with the defaults, when the server', () => {
  test('is well', async () => {
    expectAnswered(await fifty(open()))
  })

  test('refuses connections', async () => {
    expectAnswered(await fifty(open({ url: `redis://127.0.0.1:${await freePort()}` })))
  })

  test('is killed in the middle, and comes back', async () => {
    const adapter = open()
    expectAnswered(await fifty(adapter, (call) => call === 10 && redis.kill()))
    await redis.restart()
    expect(await recover(adapter)).toBeLessThan(2_000)
  })

  test('hangs from the start', async () => {
    redis.pause()
    expectAnswered(await fifty(open()))
    redis.resume()
  })

  test('hangs in the middle, and goes on', async () => {
    const adapter = open()
    expectAnswered(await fifty(adapter, (call) => call === 10 && redis.pause()))
    redis.resume()
    expect(await recover(adapter)).toBeLessThan(2_000)
  })

  test('is restarted in the middle', async () => {
    const adapter = open()
    expectAnswered(await fifty(adapter, (call) => call === 10 && void redis.restart()))
    expect(await recover(adapter)).toBeLessThan(2_000)
  })

  test('is behind a connection that swallows everything, while new ones would do', async () => {
    await using proxy = await startProxy(redis)
    const adapter = open({ url: `redis://127.0.0.1:${proxy.port}`, commandTimeout: '200ms' })
    const result = await fifty(adapter, (call) => call === 10 && proxy.blackhole({ existing: true, fresh: false }))
    expectAnswered(result)
    // The dead socket was replaced: the calls at the end are served by the store.
    expect(result.events.slice(-10).map(({ type }) => type)).not.toContain('fallback')
  })

  test('is behind a network that swallows everything', async () => {
    await using proxy = await startProxy(redis)
    const adapter = open({ url: `redis://127.0.0.1:${proxy.port}` })
    expectAnswered(await fifty(adapter, (call) => call === 10 && proxy.blackhole(true)))
    proxy.blackhole(false)
    expect(await recover(adapter)).toBeLessThan(3_000)
  })

  test('has its connections cut again and again', async () => {
    await using proxy = await startProxy(redis)
    const adapter = open({ url: `redis://127.0.0.1:${proxy.port}` })
    const result = await fifty(adapter, (call) => call % 5 === 4 && proxy.cut())
    expectAnswered(result)
    expect(result.events.filter(({ type }) => type === 'fallback').length).toBeLessThan(5)
  })

  test('has reached maxmemory', async () => {
    const adapter = open()
    const result = await fifty(adapter, (call) => call === 10 && redis.cli('CONFIG', 'SET', 'maxmemory', '1'))
    expectAnswered(result)
    const refused = result.events.find(({ type }) => type === 'fallback') as { error: Error }
    expect(refused.error).toMatchObject({ code: 'ERR_STORE', cause: { code: 'ERR_REPLY', reply: 'OOM' } })
  })
})

test('scripts survive a flush of the server, with one EVAL each', async () => {
  const adapter = open()
  const { limiter, locks } = createLarder({ adapter })
  const api = limiter({ prefix: 'api', limit: 10, per: '1m' })
  await api.check('k')
  await redis.cli('SCRIPT', 'FLUSH')
  await redis.resetStats()
  expect(await api.check('k')).toMatchObject({ status: 'allowed', remaining: 8 })
  expect(await api.check('k')).toMatchObject({ status: 'allowed', remaining: 7 })
  expect(await redis.commandStats()).toMatchObject({ evalsha: 2, eval: 1 })
  expect((await locks.acquire('job')).fence).toBeGreaterThan(0)
})

test('a counter whose answer was lost is not counted twice', async () => {
  await using proxy = await startProxy(redis)
  const adapter = open({ url: `redis://127.0.0.1:${proxy.port}` })
  const { limiter } = createLarder({ adapter })
  const api = limiter({ prefix: 'api', limit: 10, per: '1m' })
  await api.check('k')
  proxy.dropReplies()
  expect(await api.check('k')).toMatchObject({ status: 'undecided' })
  proxy.dropReplies(false)
  // Two were spent before: by the first, and by the one whose answer was lost.
  expect(await api.check('k')).toMatchObject({ status: 'allowed', remaining: 7 })
})

test('a lock whose taking was not answered is nobody’s, and is given back', async () => {
  await using proxy = await startProxy(redis)
  const adapter = open({ url: `redis://127.0.0.1:${proxy.port}` })
  const { locks } = createLarder({ adapter })
  await locks.isHeld('job')
  proxy.dropReplies()
  await expect(locks.acquire('job')).rejects.toMatchObject({ code: 'ERR_LOCK_STORE' })
  proxy.dropReplies(false)
  await expect.poll(() => locks.isHeld('job'), { timeout: 2_000 }).toBe(false)
})

test('a wrong password is told as such, and not printed', async () => {
  await using guarded = await startRedis({ password: 'right' })
  const adapter = open({ url: `redis://:wrong-secret@127.0.0.1:${guarded.port}` })
  const error = await adapter.getMany(['a']).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'ERR_REPLY', reply: expect.stringMatching(/WRONGPASS|NOAUTH/) })
  expect(String((error as Error).message)).not.toContain('wrong-secret')
})
