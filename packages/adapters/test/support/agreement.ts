import { type Adapter, memory, type Script, type ScriptView } from '@larder/core'
import { expect } from 'vitest'

/** One call of a script. */
export interface ScriptCall {
  readonly script: Script<unknown>
  readonly keys: readonly string[]
  readonly args: readonly (string | number)[]
}

/** GET and PTTL of each key. */
type State = [value: string | null, ttlMs: number][]

/**
 * Runs random calls on a server, and each time the function half over the state that the server was found in, at the same
 * millisecond: answers, values and remaining times have to be the same.
 */
export async function expectAgreement(adapter: Adapter, calls: number, next: () => ScriptCall): Promise<void> {
  const observers = new Map<Script<unknown>, Script<unknown>>()
  for (let compared = 0; compared < calls; ) {
    const { script, keys, args } = next()
    const lua = observers.get(script) ?? { ...script, lua: observed(script.lua) }
    observers.set(script, lua)
    const [began, ended, before, answer, after] = (await adapter.run(lua, keys, args)) as [
      string,
      string,
      State,
      unknown,
      State,
    ]
    // The clock ticked meanwhile: no single moment to compare at.
    if (began !== ended) continue
    const step = await runStep({ script, keys, args }, before, Number(began))
    expect(step, `${script.name} ${args} on ${JSON.stringify(before)}`).toEqual({ answer, after })
    compared++
  }
}

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

async function runStep({ script, keys, args }: ScriptCall, before: State, nowMs: number) {
  const store = memory({ now: () => nowMs })
  for (const [i, [value, ttlMs]] of before.entries()) {
    if (value !== null) await store.set(keys[i] as string, value, ttlMs < 0 ? {} : { ttlMs })
  }
  const answer = await store.run(script, keys, args)
  const look = { name: 'look', lua: '', step: (view: ScriptView) => keys.map((key) => [view.get(key), view.pttl(key)]) }
  return { answer, after: await store.run(look, keys, []) }
}
