import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLarder, type LarderEvent } from '@larder/core'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type TcpAdapter, tcp } from '../../src/tcp/index.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { startProxy } from '../support/tcp-proxy.js'
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js'
import { waitUntil } from '../support/wait-until.js'
import { startWorkers } from './lock-workers.js'

let redis: RedisServer
refuseUnhandledRejections()
beforeEach(async () => {
  redis = await startRedis()
  // The client is loaded at the first use, which may take a busy machine longer than a budget.
  const warm = tcp({ url: redis.url })
  await warm.ping()
  await warm.close()
})
afterEach(() => redis.stop())

function open(adapter: TcpAdapter = tcp({ url: redis.url })) {
  onTestFinished(() => adapter.close())
  const events: LarderEvent[] = []
  return { ...createLarder({ adapter, onEvent: (event) => events.push(event) }), adapter, events }
}
/** The lock's key, as the server has it. */
const KEY = 'larder:$lock:{job}'

describe('while the server is frozen', () => {
  test('the signal aborts before the lock ends on the server', async () => {
    const { locks } = open()
    await (await locks.acquire('warm')).release()
    const sentAtMs = performance.now()
    const lock = await locks.acquire('job', { ttl: '3s' })
    redis.pause()
    await once(lock.signal, 'abort')
    expect(performance.now() - sentAtMs).toBeLessThan(3_000)
    expect(lock.signal.reason).toMatchObject({ code: 'ERR_LOCK_LOST', key: 'job' })
    redis.resume()
  })

  test('an extension that hangs is no extension, and a release does not wait for it', async () => {
    const { locks, events } = open()
    const lock = await locks.acquire('job', { ttl: '10s', extend: false })
    redis.pause()
    const extending = lock.extend('1h').catch((error: { code: string }) => error.code)
    const released = lock.release().catch((error: { code: string }) => error.code)
    expect(await released).toBe('ERR_LOCK_STORE')
    expect(['ERR_LOCK_STORE', 'ERR_LOCK_LOST']).toContain(await extending)
    expect(events.some(({ type }) => type === 'lockReleaseFailed')).toBe(true)
    redis.resume()
    // Both arrive now, one behind the other: the extension finds the lock or does not, the release has the last word.
    await waitUntil('the lock is free', async () => (await redis.command('PTTL', KEY)) === -2)
  })
})

test('an extension on its way when the lock is released does not revive it', async () => {
  const { locks } = open()
  for (let round = 0; round < 200; round++) {
    const lock = await locks.acquire('job', { extend: false })
    const extending = lock.extend('1h').catch(() => {})
    await lock.release()
    await extending
    expect(await redis.command('PTTL', KEY)).toBe(-2)
  }
})

test("a late release and a late extension leave the thief's lock as it is", async () => {
  const [first, thief] = [open(), open()]
  const lost = await first.locks.acquire('job', { extend: false })
  // As if its time were over, and the first holder's clock stood still.
  await redis.cli('DEL', KEY)
  const lock = await thief.locks.acquire('job', { ttl: '1m', extend: false })
  await expect(lost.extend('1h')).rejects.toMatchObject({ code: 'ERR_LOCK_LOST' })
  expect(await lost.release()).toBe(false)
  expect(await redis.cli('GET', KEY)).toBe(lock.token)
  expect(Number(await redis.cli('PTTL', KEY))).toBeLessThanOrEqual(60_000)
  expect(lock.fence).toBe(lost.fence + 1)
})

test('the result or the error of the body wins over a release that fails', async () => {
  const { withLock } = open()
  const failure = new Error('body')
  const body = (outcome: () => unknown) => async () => {
    await redis.kill()
    return outcome()
  }
  expect(
    await withLock(
      'job',
      body(() => 'result'),
    ),
  ).toBe('result')
  await redis.restart()
  await waitUntil('the breaker lets calls through', () => withLock('other', async () => true))
  await expect(
    withLock(
      'job',
      body(() => {
        throw failure
      }),
    ),
  ).rejects.toBe(failure)
})

describe('when the answer gets lost', () => {
  test('to a take, the lock is ours by its token', async () => {
    await using proxy = await startProxy(redis)
    const { locks, adapter } = open(tcp({ url: proxy.url }))
    await (await locks.acquire('job')).release()
    proxy.dropReplies({ times: 1, to: 'EVALSHA' })
    const lock = await locks.acquire('job')
    expect(await redis.cli('GET', KEY)).toBe(lock.token)
    expect(String(lock.fence)).toBe(await redis.cli('GET', 'larder:$fence:{job}'))
    expect(await lock.release()).toBe(true)
    await adapter.ping()
  })

  test('to a release, it is told that it was released', async () => {
    await using proxy = await startProxy(redis)
    const { locks } = open(tcp({ url: proxy.url }))
    const lock = await locks.acquire('job')
    await (await locks.acquire('other')).release()
    proxy.dropReplies({ times: 1, to: 'EVALSHA' })
    expect(await lock.release()).toBe(true)
    expect(await redis.command('PTTL', KEY)).toBe(-2)
  })
})

describe('waiting', () => {
  test('costs no commands: it is told of the release, whoever releases', async () => {
    const [holder, waiter] = [open(), open()]
    const lock = await holder.locks.acquire('job', { extend: false })
    const waiting = waiter.locks.acquire('job', { wait: '20s' })
    await waitUntil('the waiter listens', async () => (await redis.cli('PUBSUB', 'NUMSUB', KEY)).endsWith('1'))
    await sleep(200)
    await redis.resetStats()
    await sleep(1_500)
    expect(await redis.commandStats()).toEqual({})
    const startedMs = performance.now()
    await lock.release()
    const next = await waiting
    expect(performance.now() - startedMs).toBeLessThan(100)
    // The release, with what it does inside, and the take.
    expect(await redis.commandStats()).toMatchObject({ evalsha: 2, del: 1, publish: 1, set: 1 })
    await next.release()
    await waitUntil('nobody listens', async () => (await redis.cli('PUBSUB', 'CHANNELS')) === '')
  })

  test('behind a holder of its own process, hears of it when another takes the lock away', async () => {
    const [here, other] = [open(), open()]
    const holding = here.locks.acquire('job', { extend: false })
    const waiting = here.locks.acquire('job', { wait: '20s' })
    const lock = await holding
    await waitUntil('the waiter listens', async () => (await redis.cli('PUBSUB', 'NUMSUB', KEY)).endsWith('1'))
    await sleep(100)
    const startedMs = performance.now()
    await other.locks.forceRelease('job')
    const next = await waiting
    expect(performance.now() - startedMs).toBeLessThan(1_000)
    expect(await lock.release()).toBe(false)
    expect(await next.release()).toBe(true)
  })

  test('goes on without messages when they are cut off', async () => {
    await using proxy = await startProxy(redis)
    const [holder, waiter] = [open(), open(tcp({ url: proxy.url }))]
    const lock = await holder.locks.acquire('job')
    const waiting = waiter.locks.acquire('job', { wait: '20s' })
    await waitUntil('the waiter listens', async () => (await redis.cli('PUBSUB', 'NUMSUB', KEY)).endsWith('1'))
    // Its other connection stays.
    await proxy.refuse()
    await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await sleep(100)
    const startedMs = performance.now()
    await lock.release()
    await (await waiting).release()
    expect(performance.now() - startedMs).toBeLessThan(600)
  })

  test('ends when the holder has crashed and its time is over', async () => {
    const waiter = open()
    const [worker] = await startWorkers(redis.url, [['leave', 'job', '1']])
    await waitUntil('the worker holds it', async () => worker?.lines.length === 1)
    await redis.cli('PEXPIRE', KEY, 500)
    const startedMs = performance.now()
    const lock = await waiter.locks.acquire('job', { wait: '20s' })
    expect(performance.now() - startedMs).toBeLessThan(1_000)
    expect(lock.fence).toBeGreaterThan(worker?.lines[0]?.fence as number)
  })

  test('looks again by itself at a lock whose holder will not tell', async () => {
    const { locks } = open()
    // As a holder over HTTP leaves it.
    await redis.cli('SET', KEY, 'token', 'PX', 60_000)
    const waiting = locks.acquire('job', { wait: '20s' })
    await sleep(300)
    await redis.cli('DEL', KEY)
    const startedMs = performance.now()
    await (await waiting).release()
    expect(performance.now() - startedMs).toBeLessThan(500)
  })
})

test('a process ends by itself while it holds a lock', async () => {
  const [worker] = await startWorkers(redis.url, [['leave', 'job', '1']])
  const { child } = worker as { child: NonNullable<typeof worker>['child'] }
  if (child.exitCode === null) await once(child, 'exit')
  expect(child.exitCode).toBe(0)
  expect(Number(await redis.cli('PTTL', KEY))).toBeGreaterThan(3_000_000)
})
