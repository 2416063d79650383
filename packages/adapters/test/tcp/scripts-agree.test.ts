import { memory, type Script, type ScriptView } from '@larder/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { leaseArgs, takeLease } from '../../../core/src/limit/concurrency.js'
import { extendLease } from '../../../core/src/limit/extend-lease.js'
import { gcra } from '../../../core/src/limit/gcra.js'
import { releaseLease } from '../../../core/src/limit/release-lease.js'
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

/** Operations that come in between, so that a script finds what others of its family leave behind. */
type Beside = () => Operation & { script: Script<unknown> }
const take = () => ({
  keys: [pick('n', 'o')],
  args: leaseArgs(pick('t1', 't2', 't3', 't4'), 5, pick(3, 9, 30), pick(1, 2)),
})

test.each<[Script<unknown>, () => Operation, Beside?]>([
  [
    slidingWindow as Script<unknown>,
    () => ({ keys: [pick('a', 'b', 'c')], args: [5, pick(20, 50, 77), pick(0, 1, 1, 2, 5), pick(1, 1, 1, 0)] }),
  ],
  [
    gcra as Script<unknown>,
    () => ({ keys: [pick('d', 'e', 'f')], args: [5_000, pick(1, 5, 8), pick(0, 1, 1), pick(1, 1, 1, 0)] }),
  ],
  [
    gcra as Script<unknown>,
    () => ({ keys: [pick('g', 'h', 'i')], args: [1_667, 9, pick(0, 1, 1, 3), pick(1, 1, 1, 0)] }),
  ],
  [
    acquireScript as Script<unknown>,
    () => {
      const name = pick('j', 'k')
      return { keys: [`{${name}}`, `{${name}}f`], args: [pick('t1', 't2', 't3'), pick(1, 5, 9), pick(3, 20)] }
    },
  ],
  [takeLease as Script<unknown>, take],
  [
    releaseLease as Script<unknown>,
    () => ({ keys: [pick('n', 'o')], args: [pick('t1', 't2', 't3', 't4')] }),
    () => ({ script: takeLease as Script<unknown>, ...take() }),
  ],
  [
    extendLease as Script<unknown>,
    () => ({ keys: [pick('n', 'o')], args: [pick('t1', 't2', 't3', 't4'), pick(3, 9, 30)] }),
    () => ({ script: takeLease as Script<unknown>, ...take() }),
  ],
])('%# $name: Lua and function agree on answers, values and remaining times', async (script, operation, beside) => {
  const adapter = tcp({ url: redis.url })
  const lua: Script<unknown> = { name: script.name, lua: observed(script.lua), step: script.step }
  for (let compared = 0; compared < OPERATIONS; ) {
    if (beside) {
      const { script, keys, args } = beside()
      await adapter.run(script, keys, args)
    }
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
