import { Lock } from '@upstash/lock'
import { Redis } from '@upstash/redis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Pair, startPair } from '../support/gateway.js'

let pair: Pair
let redis: Redis
beforeAll(async () => {
  pair = await startPair()
  redis = new Redis({ url: pair.gateway.url, token: pair.gateway.token })
})
afterAll(() => pair?.[Symbol.asyncDispose]())

// Its types are those of the CommonJS build, which TypeScript takes for another class than that of the ESM build.
const client = () => redis as never
const lockOf = (id: string, attempts = 1) =>
  new Lock({ id, redis: client(), lease: 10_000, retry: { attempts, delay: 20 } })

test('one holder at a time, and only the holder releases', async () => {
  const [mine, theirs] = [lockOf('report'), lockOf('report')]
  expect(await mine.acquire()).toBe(true)
  expect(await theirs.acquire()).toBe(false)
  expect(await mine.getStatus()).toBe('ACQUIRED')
  expect(await theirs.getStatus()).toBe('FREE')
  expect(await theirs.release()).toBe(false)
  expect(await mine.release()).toBe(true)
  expect(await theirs.acquire()).toBe(true)
  expect(await mine.release()).toBe(false)
})

test('a holder extends its lease', async () => {
  const lock = lockOf('long')
  await lock.acquire()
  expect(await lock.extend(60_000)).toBe(true)
  expect(Number(await pair.redis.cli('TTL', 'long'))).toBeGreaterThan(60)
  await lock.release()
  expect(await lock.extend(60_000)).toBe(false)
})

test('who tries again gets it when it is free', async () => {
  const [first, second] = [lockOf('busy'), lockOf('busy', 50)]
  await first.acquire()
  const waiting = second.acquire()
  await first.release()
  expect(await waiting).toBe(true)
})

test('of many at once one gets it', async () => {
  const got = await Promise.all(Array.from({ length: 20 }, () => lockOf('race').acquire()))
  expect(got.filter(Boolean).length).toBe(1)
})
