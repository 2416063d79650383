import { createLarder, type Script } from '@larder/core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openSession, touchSession, writeSession } from '../../../core/src/sessions/session-scripts.js'
import { sessionsOver } from '../../../core/test/sessions/suite.js'
import { tcp } from '../../src/tcp/index.js'
import { expectAgreement } from '../support/agreement.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

const open = () => tcp({ url: redis.url })
sessionsOver(open)

const pick = <T>(...items: T[]): T => items[Math.floor(Math.random() * items.length)] as T

test('Lua and function agree on answers, values and remaining times', async () => {
  const adapter = open()
  await expectAgreement(adapter, 5_000, () => {
    const keys = pick(['{s}1'], ['{s}2', '{s}u'], ['{s}3', '{s}u'])
    const [script, args] = pick<[unknown, (string | number)[]]>(
      [openSession, [pick('a', 'b c'), pick(2, 5, 20), pick(0, 0, 4, 30), pick('g1', 'g2')]],
      [touchSession, [pick(2, 5, 20)]],
      [writeSession, [pick('c', ' d')]],
    )
    return { script: script as Script<unknown>, keys, args }
  })
  await adapter.close()
})

test('every key of a session has a time to live, and its user no shorter one', async () => {
  const adapter = open()
  onTestFinished(() => adapter.close())
  await redis.cli('FLUSHALL')
  const { createSessions } = createLarder({ adapter })
  const [short, long] = [createSessions({ ttl: '1m' }), createSessions({ ttl: '1h' })]
  const id = await long.create({}, { user: 'ada' })
  await short.create({}, { user: 'ada' })
  await short.create({})
  await long.get(id)
  const keys = (await redis.cli('KEYS', '*')).split('\n')
  expect(keys).toHaveLength(4)
  for (const key of keys) {
    const ttlMs = Number(await redis.cli('PTTL', key))
    expect(ttlMs).toBeGreaterThan(key.includes('$user') ? 3_500_000 : 50_000)
  }
})
