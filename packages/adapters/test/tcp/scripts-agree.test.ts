import { memory, type Script, type ScriptView } from '@larder/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { approximateWindow } from '../../../core/src/limit/approximate-window.js'
import { concurrency } from '../../../core/src/limit/concurrency.js'
import { fixedWindow } from '../../../core/src/limit/fixed-window.js'
import { gcra } from '../../../core/src/limit/gcra.js'
import { LOOK, type Mode, PENALIZE, REFUND, SPEND } from '../../../core/src/limit/mode.js'
import { limitArgs, limitScript, type Numbers, type Rule } from '../../../core/src/limit/rule.js'
import { slidingWindow } from '../../../core/src/limit/sliding-window.js'
import { acquireScript } from '../../../core/src/lock/acquire-script.js'
import { tcp } from '../../src/tcp/index.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'

const OPERATIONS = 10_000

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

type Operation = { keys: string[]; args: (string | number)[] }
const pick = <T>(...items: T[]): T => items[Math.floor(Math.random() * items.length)] as T

/** GET and PTTL of each key. */
type State = [value: string | null, ttlMs: number][]

/**
 * The same script, telling besides its answer what lay there before and lies there after it, and by which millisecond of
 * the server's clock it began and ended. A key whose last millisecond has come counts as gone: Redis keeps it for that
 * one millisecond, the memory adapter does not.
 */
function observed(lua: string): string {
  return `local function clock()
  local time = redis.call('TIME')
  return string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
end
local function state()
  local found = {}
  for i, key in ipairs(KEYS) do found[i] = { redis.call('GET', key), redis.call('PTTL', key) } end
  return found
end
local began = clock()
for _, key in ipairs(KEYS) do if redis.call('PTTL', key) == 0 then redis.call('DEL', key) end end
local before = state()
local answer = (function() ${lua}
end)()
local after = state()
return { began, clock(), before, answer, after }`
}

/** The function half, run at one moment over the state that the server was found in. */
async function runStep(script: Script<unknown>, { keys, args }: Operation, before: State, nowMs: number) {
  const store = memory({ now: () => nowMs })
  for (const [i, [value, ttlMs]] of before.entries()) {
    if (value !== null) await store.set(keys[i] as string, value, ttlMs < 0 ? {} : { ttlMs })
  }
  const answer = await store.run(script, keys, args)
  const look = { name: 'look', lua: '', step: (view: ScriptView) => keys.map((key) => [view.get(key), view.pttl(key)]) }
  return { answer, after: await store.run(look, keys, []) }
}

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
  limit('strict', [slidingWindow], () => [[5, pick(20, 50, 77), 10]]),
  limit('log', [slidingWindow], () => [[5, 33, 33]]),
  limit('even', [gcra], () => [[pick(1, 5, 8), 5_000, 0]]),
  limit('uneven', [gcra], () => [[9, 1_667, 0]]),
  limit('fixed', [fixedWindow], () => [[pick(5, 7), 20, 0]]),
  limit('estimate', [approximateWindow], () => [[pick(5, 7), 20, 0]]),
  limit('places', [concurrency], () => [[5, pick(3, 9, 30), 0]], [LOOK, SPEND, SPEND, SPEND, SPEND, REFUND]),
  limit('all', [slidingWindow, gcra, slidingWindow, fixedWindow, approximateWindow, concurrency], () => [
    [5, 20, 10],
    [8, 2_500, 0],
    [9, 100, 10],
    [7, 30, 0],
    [7, 25, 0],
    [6, 15, 0],
  ]),
  [
    acquireScript as Script<unknown>,
    () => {
      const name = pick('j', 'k')
      return { keys: [`{${name}}`, `{${name}}f`], args: [pick('t1', 't2', 't3'), pick(1, 5, 9), pick(3, 20)] }
    },
  ],
])('%# $name: Lua and function agree on answers, values and remaining times', async (script, operation) => {
  const adapter = tcp({ url: redis.url })
  const lua: Script<unknown> = { name: script.name, lua: observed(script.lua), step: script.step }
  for (let compared = 0; compared < OPERATIONS; ) {
    const next = operation()
    const [began, ended, before, answer, after] = (await adapter.run(lua, next.keys, next.args)) as [
      string,
      string,
      State,
      unknown,
      State,
    ]
    // The clock ticked meanwhile: no single moment to compare at.
    if (began !== ended) continue
    expect(await runStep(script, next, before, Number(began))).toEqual({ answer, after })
    compared += 1
  }
  await adapter.close()
})
