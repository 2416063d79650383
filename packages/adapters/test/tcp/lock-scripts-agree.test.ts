import type { Script } from '@larder/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireScript } from '../../../core/src/lock/acquire-script.js'
import { releaseScript } from '../../../core/src/lock/release-script.js'
import { extendSeat, releaseSeat, takeSeat } from '../../../core/src/lock/seats-script.js'
import { extendSeveral, releaseSeveral, takeSeveral } from '../../../core/src/lock/several.js'
import { tcp } from '../../src/tcp/index.js'
import { expectAgreement, type ScriptCall } from '../support/agreement.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

const pick = <T>(...items: T[]): T => items[Math.floor(Math.random() * items.length)] as T
const call = (script: Script<never>, keys: string[], args: (string | number)[]): ScriptCall => ({
  script: script as Script<unknown>,
  keys,
  args,
})

function several(): ScriptCall {
  const [token, ttlMs] = [pick('a', 'b'), pick(1, 5, 9)]
  const locks = pick(['{s}1'], ['{s}1', '{s}2'], ['{s}2', '{s}3'])
  const keys = [...locks, ...locks.map((key) => `${key}f`)]
  return pick(
    call(takeSeveral as Script<never>, keys, [token, ttlMs, pick(3, 20)]),
    call(extendSeveral as Script<never>, locks, [token, ttlMs]),
    call(releaseSeveral as Script<never>, locks, [token, 7]),
    call(acquireScript as Script<never>, ['{s}1', '{s}1f'], ['c', ttlMs, 20]),
    call(releaseScript as Script<never>, ['{s}2'], [token, 7]),
  )
}

function seats(): ScriptCall {
  const [token, ttlMs, capacity] = [pick('a', 'b', 'c', 'd'), pick(1, 5, 9, 30), pick(1, 2, 3)]
  const [weight, claimMs] = [pick(1, 1, capacity), pick(1, 4, 10)]
  const keys = ['{p}', '{p}f']
  return pick(
    call(takeSeat as Script<never>, keys, [token, ttlMs, weight, capacity, claimMs, pick(0, 1, 1), pick(3, 20)]),
    call(extendSeat as Script<never>, ['{p}'], [token, ttlMs, weight, capacity, claimMs]),
    call(releaseSeat as Script<never>, ['{p}'], [token, 7, weight, capacity, claimMs]),
    call(acquireScript as Script<never>, keys, [pick('plain', '@plain'), pick(1, 3), 20]),
  )
}

test.each([
  ['several locks', several],
  ['places and their queue', seats],
])(
  '%s: Lua and function agree on answers, values and remaining times',
  async (_, next) => {
    const adapter = tcp({ url: redis.url })
    await expectAgreement(withoutAnnounced(adapter), 5_000, next)
    await adapter.close()
  },
  60_000,
)

/** A store that runs functions has its waiters in this process, and tells none of them that a release is announced. */
function withoutAnnounced(adapter: ReturnType<typeof tcp>): typeof adapter {
  const run: typeof adapter.run = async (script, keys, args) => {
    const [began, ended, before, answer, after] = (await adapter.run(script, keys, args)) as unknown[]
    const isRefusal = script.name === takeSeat.name && Array.isArray(answer)
    const isPlaces = String((before as [string | null][])[0]?.[0] ?? '=').startsWith('=')
    return [began, ended, before, isRefusal && isPlaces ? [answer[0], 0] : answer, after] as never
  }
  return { ...adapter, run }
}

test('a release of which nobody may be told is a release all the same', async () => {
  const adapter = tcp({ url: redis.url })
  await redis.cli('ACL', 'SETUSER', 'quiet', 'on', 'nopass', '~*', '+@all', 'resetchannels')
  const quiet = tcp({ url: redis.url.replace('redis://', 'redis://quiet:any@') })
  await adapter.set('mine', '@token', { ttlMs: 10_000 })
  expect(await quiet.run(releaseScript, ['mine'], ['@token', 1])).toBe(1)
  expect(await adapter.getMany(['mine'])).toEqual([null])
  await Promise.all([adapter.close(), quiet.close()])
})
