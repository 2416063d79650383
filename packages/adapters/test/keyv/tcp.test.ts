import { createLarder } from '@larder/core'
import Keyv from 'keyv'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { toKeyv } from '../../src/keyv/index.js'
import { type TcpAdapter, type TcpOptions, tcp } from '../../src/tcp/index.js'
import { DEFAULT_COMMAND_TIMEOUT_MS } from '../../src/tcp/options.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js'
import { waitUntil } from '../support/wait-until.js'
import { awkward, passesTheSuiteOfKeyv } from './suite.js'

const BUDGET_MS = 250
/** What a busy machine may add to it. A second budget would be as much as the first. */
const SLACK_MS = 240

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

refuseUnhandledRejections()

function open(options: TcpOptions = {}): TcpAdapter {
  const adapter = tcp({ url: redis.url, ...options })
  onTestFinished(() => adapter.close())
  return adapter
}

describe('over TCP', () => {
  let adapter: TcpAdapter
  beforeAll(() => {
    adapter = tcp({ url: redis.url })
  })
  afterAll(() => adapter.close())

  passesTheSuiteOfKeyv(() => adapter)
})

test('text comes back character for character', async () => {
  const store = toKeyv(open())
  for (const text of awkward) {
    await store.set(text, text)
    expect(await store.get(text)).toBe(text)
  }
  expect(await store.getMany(awkward)).toEqual(awkward)
})

test('each call is one command, and a ttl is in milliseconds', async () => {
  const keyv = new Keyv({ store: toKeyv(open()), namespace: 'bill' })
  await keyv.has('connect')
  await redis.resetStats()
  await keyv.set('a', 1, 59_999.5)
  await keyv.set('b', 2)
  await keyv.getMany(['a', 'b', 'c'])
  await keyv.hasMany(['a', 'b', 'c'])
  const pttl = Number(await redis.cli('PTTL', 'bill:a'))
  expect(pttl).toBeGreaterThan(50_000)
  expect(pttl).toBeLessThanOrEqual(60_000)
  expect(await redis.cli('PTTL', 'bill:b')).toBe('-1')
  await keyv.delete(['a', 'b'])
  expect(await redis.commandStats()).toEqual({ set: 2, mget: 2, unlink: 1 })
})

test('clear deletes its namespace, and nothing of others in the same Redis', async () => {
  const adapter = open()
  const { cached } = createLarder({ adapter, namespace: 'toolkit' })
  let runs = 0
  const find = cached('1m', 'find', async () => ++runs)
  await find()
  await redis.cli('SET', 'session', 'theirs')
  const [shop, blog] = ['shop', 'sh*'].map((namespace) => new Keyv({ store: toKeyv(adapter), namespace })) as [
    Keyv,
    Keyv,
  ]
  const keys = Array.from({ length: 2_500 }, (_, i) => `${i}`)
  await shop.setMany(keys.map((key) => ({ key, value: key })))
  await blog.set('a', 'post')
  await blog.clear()
  expect(await shop.getMany(keys)).toEqual(keys)
  await blog.set('a', 'post')
  await shop.clear()
  expect(await redis.cli('KEYS', 'shop:*')).toBe('')
  expect(await blog.get('a')).toBe('post')
  expect(await redis.cli('GET', 'session')).toBe('theirs')
  await find()
  expect(runs).toBe(1)
})

describe('a server that hangs', () => {
  afterEach(() => redis.resume())

  async function timed<T>(call: () => Promise<T>, limitMs = BUDGET_MS): Promise<T> {
    const startedMs = performance.now()
    const answer = await call()
    expect(performance.now() - startedMs).toBeLessThan(limitMs + SLACK_MS)
    return answer
  }

  test.each([
    ['after a call', true],
    ['from the start', false],
  ])('%s is waited for one budget, and used again when it goes on', async (_, connected) => {
    const keyv = new Keyv({ store: toKeyv(open()), namespace: 'hang' })
    const errors: unknown[] = []
    keyv.on('error', (error: unknown) => errors.push(error))
    if (connected) expect(await keyv.set('a', 1)).toBe(true)

    redis.pause()
    expect(await timed(() => keyv.get('a'))).toBeUndefined()
    expect(await timed(() => keyv.getMany(['a', 'b']))).toEqual([undefined, undefined])
    expect(await timed(() => keyv.has('a'))).toBe(false)
    expect(await timed(() => keyv.hasMany(['a', 'b']))).toEqual([false, false])
    expect(await timed(() => keyv.set('b', 2))).toBe(false)
    expect(await timed(() => keyv.setMany([{ key: 'c', value: 3 }]))).toEqual([false])
    expect(await timed(() => keyv.delete('a'))).toBe(false)
    await timed(() => keyv.clear())
    expect(errors).toHaveLength(8)
    for (const error of errors) expect(error).toMatchObject({ code: 'ERR_STORE', adapter: 'tcp' })

    redis.resume()
    await waitUntil('a value is stored and found', async () => (await keyv.set('d', 4)) && (await keyv.get('d')) === 4)
  })

  test('holds up who disconnects no longer than the connection is waited for', async () => {
    const adapter = open()
    const keyv = new Keyv({ store: toKeyv(adapter) })
    await keyv.set('a', 1)
    redis.pause()
    const answer = keyv.get('a')
    await timed(() => keyv.disconnect(), DEFAULT_COMMAND_TIMEOUT_MS)
    expect(await answer).toBeUndefined()
  })

  test('is told by a StoreError where Keyv throws', async () => {
    const keyv = new Keyv({ store: toKeyv(open(), { budget: '100ms' }), throwOnErrors: true })
    await keyv.set('a', 1)
    redis.pause()
    await expect(timed(() => keyv.get('a'))).rejects.toMatchObject({ code: 'ERR_STORE', reason: 'timeout' })
  })
})

test('a server that is killed and comes back is used again', async () => {
  const keyv = new Keyv({ store: toKeyv(open()), namespace: 'kill' })
  const errors: unknown[] = []
  keyv.on('error', (error: unknown) => errors.push(error))
  await keyv.set('a', 1)
  await redis.kill()
  expect(await keyv.get('a')).toBeUndefined()
  expect(await keyv.set('a', 1)).toBe(false)
  expect(errors.length).toBe(2)
  await redis.restart()
  await waitUntil('a value is stored and found', async () => (await keyv.set('a', 2)) && (await keyv.get('a')) === 2)
})
