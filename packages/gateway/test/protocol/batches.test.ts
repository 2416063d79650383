import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Pair, startPair } from '../support/gateway.js'

const TRANSACTIONS = 200

let pair: Pair
beforeAll(async () => {
  pair = await startPair()
})
afterAll(() => pair?.[Symbol.asyncDispose]())

const pipeline = (body: unknown[]) => pair.gateway.ask('/pipeline', { body })
const transaction = (body: unknown[]) => pair.gateway.ask('/multi-exec', { body })
const run: Pair['gateway']['run'] = (...args) => pair.gateway.run(...args)

test('a pipeline has a result or an error for each command, in their order', async () => {
  const { status, json } = await pipeline([
    ['SET', 'key1', 'valuex'],
    ['SETEX', 'key2', 13, 'valuez'],
    ['INCR', 'key1'],
    ['FLY'],
    ['ZADD', 'myset', 11, 'item1', 22, 'item2'],
  ])
  expect(status).toBe(200)
  expect(json).toEqual([
    { result: 'OK' },
    { result: 'OK' },
    { error: 'ERR value is not an integer or out of range' },
    { error: expect.stringMatching(/^ERR unknown command 'FLY'/) },
    { result: 2 },
  ])
})

test('a transaction has a result or an error for each command, and one that fails does not undo the others', async () => {
  await run('SET', 'text', 'abc')
  const { status, json } = await transaction([
    ['SET', 'done', 1],
    ['INCR', 'text'],
    ['INCR', 'done'],
  ])
  expect(status).toBe(200)
  expect(json).toEqual([{ result: 'OK' }, { error: 'ERR value is not an integer or out of range' }, { result: 2 }])
})

test('a transaction with a command that cannot be queued is discarded as a whole', async () => {
  for (const wrong of [['FLY'], ['GET'], ['BLPOP', 'list', 0], ['MULTI'], ['EXEC'], ['DISCARD'], ['WATCH', 'a']]) {
    const { status, json } = await transaction([['SET', 'discarded', 1], wrong, ['INCR', 'discarded']])
    expect([status, json.error]).toEqual([
      400,
      expect.stringMatching(/^EXECABORT Transaction discarded because of: ERR /),
    ])
  }
  expect((await run('EXISTS', 'discarded')).json).toEqual({ result: 0 })
  expect((await transaction([['SET', 'discarded', 1]])).json).toEqual([{ result: 'OK' }])
})

test(`${TRANSACTIONS} transactions at once do not interleave, whatever else runs`, async () => {
  // Each takes the baton and lays it down: one in between would see it taken.
  const steps = (i: number) => [
    ['SETNX', 'baton', i],
    ['GET', 'baton'],
    ['RPUSH', 'log', `${i}:a`, `${i}:b`],
    ['DEL', 'baton'],
  ]
  const noise = Array.from({ length: TRANSACTIONS }, (_, i) => run('SETNX', 'baton:other', i))
  const done = await Promise.all(Array.from({ length: TRANSACTIONS }, (_, i) => transaction(steps(i))))
  await Promise.all(noise)
  const wrong = done.filter(({ json }, i) => json[0].result !== 1 || json[1].result !== `${i}` || json[3].result !== 1)
  expect(wrong).toEqual([])
  const log: string[] = (await run('LRANGE', 'log', 0, -1)).json.result
  expect(log.length).toBe(TRANSACTIONS * 2)
  expect(log.every((entry, i) => i % 2 === 1 || log[i + 1] === entry.replace('a', 'b'))).toBe(true)
})

test('transactions run on connections of their own, a bounded number of them', async () => {
  // 8 by default, and the one that all other commands share.
  expect(await pair.redis.clientCount()).toBeLessThanOrEqual(9)
  expect(await pair.redis.clientCount()).toBeGreaterThan(1)
})

test('a transaction that Redis refuses to run leaves nothing behind on its connection', async () => {
  await using lone = await startPair({ maxTransactions: 1 })
  const ask = (body: unknown[]) => lone.gateway.ask('/multi-exec', { body })
  expect((await ask([['FLY'], ['SET', 'a', 1]])).status).toBe(400)
  expect(
    (
      await ask([
        ['SET', 'a', 2],
        ['GET', 'a'],
      ])
    ).json,
  ).toEqual([{ result: 'OK' }, { result: '2' }])
  expect(await lone.redis.clientCount()).toBe(1)
})

test('10,000 commands in one pipeline have 10,000 answers', async () => {
  const { json } = await pipeline(Array.from({ length: 10_000 }, (_, i) => ['ECHO', i]))
  expect(json.length).toBe(10_000)
  expect(json.every(({ result }: { result: string }, i: number) => result === `${i}`)).toBe(true)
})
