import type { Script } from '@larder/core'
import { afterAll, beforeAll, test } from 'vitest'
import { fillScript } from '../../../core/src/cache/extended/fill-script.js'
import { approximateWindow } from '../../../core/src/limit/approximate-window.js'
import { concurrency } from '../../../core/src/limit/concurrency.js'
import { fixedWindow } from '../../../core/src/limit/fixed-window.js'
import { gcra } from '../../../core/src/limit/gcra.js'
import { LOOK, type Mode, PENALIZE, REFUND, SPEND } from '../../../core/src/limit/mode.js'
import { limitArgs, limitScript, type Numbers, type Rule } from '../../../core/src/limit/rule.js'
import { slidingLog, slidingWindow } from '../../../core/src/limit/sliding-window.js'
import { acquireScript } from '../../../core/src/lock/acquire-script.js'
import { tcp } from '../../src/tcp/index.js'
import { expectAgreement } from '../support/agreement.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'

const OPERATIONS = 10_000

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

type Operation = { keys: string[]; args: (string | number)[] }
const pick = <T>(...items: T[]): T => items[Math.floor(Math.random() * items.length)] as T

/** A limiter's script over some rules, with callers of its own. */
function limit(
  name: string,
  rules: readonly Rule[],
  numbers: () => readonly Numbers[],
  modes: readonly Mode[] = [LOOK, SPEND, SPEND, SPEND, PENALIZE, REFUND],
): [Script<unknown>, () => Operation] {
  return [
    limitScript(rules) as Script<unknown>,
    () => {
      const caller = pick('a', 'b', 'c')
      return {
        keys: rules.map((_, i) => `${name}${i}:{${caller}}`),
        args: limitArgs(pick(0, 1, 1, 2, 5), pick(...modes), numbers(), pick('t1', 't2', 't3')),
      }
    },
  ]
}

test.each<[Script<unknown>, () => Operation]>([
  limit('strict', [slidingWindow], () => [[5, pick(20, 50, 77)]]),
  limit('log', [slidingLog], () => [[5, 33]]),
  limit('even', [gcra], () => [[pick(1, 5, 8), 5_000]]),
  limit('uneven', [gcra], () => [[9, 1_667]]),
  limit('plans', [gcra], () => [[8, pick(5_000, 1_667, 20_000)]]),
  // Answers that are too much for one number.
  limit('high', [slidingWindow], () => [[pick(5, 2 ** 47, 2 ** 52), 20]]),
  limit('fixed', [fixedWindow], () => [[pick(5, 7), 20]]),
  limit('estimate', [approximateWindow], () => [[pick(5, 7), 20]]),
  limit('places', [concurrency], () => [[5, pick(3, 9, 30)]], [LOOK, SPEND, SPEND, SPEND, SPEND, REFUND]),
  limit('all', [slidingWindow, gcra, slidingWindow, fixedWindow, approximateWindow, concurrency], () => [
    [5, 20],
    [8, 2_500],
    [9, 100],
    [7, 30],
    [7, 25],
    [6, 15],
  ]),
  [
    acquireScript as Script<unknown>,
    () => {
      const name = pick('j', 'k')
      return { keys: [`{${name}}`, `{${name}}f`], args: [pick('t1', 't2', 't3'), pick(1, 5, 9), pick(3, 20)] }
    },
  ],
  [
    fillScript as Script<unknown>,
    () => ({ keys: [pick('e', 'f')], args: [pick('a', 'b'), pick('a', 'b', 'c'), pick(5, 50), 'channel', 'head'] }),
  ],
])('%# $name: Lua and function agree on answers, values and remaining times', async (script, operation) => {
  const adapter = tcp({ url: redis.url })
  await expectAgreement(adapter, OPERATIONS, () => ({ script, ...operation() }))
  await adapter.close()
})

test('gcra counts the same on a server that does not know GETEX, which came with Redis 6.2', async () => {
  await using old = await startRedis({ args: ['--rename-command', 'GETEX', ''] })
  const adapter = tcp({ url: old.url })
  const [script, operation] = limit('old', [gcra], () => [[8, pick(5_000, 1_667)]])
  await expectAgreement(adapter, OPERATIONS / 10, () => ({ script, ...operation() }))
  await adapter.close()
})
