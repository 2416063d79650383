import type { Adapter, Script } from '@larder/core'
import { describe, expect, test } from 'vitest'
import { isAdmitted, unpack } from '../../../core/src/limit/decision.js'
import { LOOK, type Mode, PENALIZE, REFUND, SPEND } from '../../../core/src/limit/mode.js'
import { resolveLimiter } from '../../../core/src/limit/resolve.js'
import { type Decision, limitArgs, limitScript } from '../../../core/src/limit/rule.js'
import { numbersOf, RULES } from '../../../core/src/limit/rules.js'
import {
  type Admitted,
  createModel,
  type Method,
  type ModelRule,
  mostInAnyWindow,
  shortestWaitMs,
  worstCase,
} from '../../../core/test/support/limit-models.js'
import { limitAdapters } from '../support/limit-adapters.js'
import { useServers } from '../support/use-servers.js'

const SEQUENCES = 1_000
const CALLS = 15
/** How many sequences are under way at a time. */
const ABREAST = 100

const servers = useServers()

const pick = <T>(...items: T[]): T => items[Math.floor(Math.random() * items.length)] as T
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** The same script, telling besides at which milliseconds of the server's clock it began and ended. */
function timed(script: Script<Decision>): Script<[string, string, Decision]> {
  const lua = `local function clock()
  local time = redis.call('TIME')
  return string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
end
local began = clock()
local answer = (function() ${script.lua}
end)()
return { began, clock(), answer }`
  return { name: `timed ${script.name}`, lua, step: (view) => [`${view.nowMs()}`, `${view.nowMs()}`, []] }
}

/** What the algorithm has to answer, and does to the model. */
function expected(rule: ModelRule, model: ReturnType<typeof createModel>, atMs: number, cost: number, mode: Mode) {
  const fits = model.fits(atMs, cost)
  const retryAfterMs = fits ? 0 : shortestWaitMs(model, atMs, cost)
  if (mode === SPEND && fits) model.spend(atMs, cost)
  const left = Math.max(0, Math.min(model.left(atMs), rule.burst ?? rule.limit))
  return [left, retryAfterMs, model.wholeAtMs(atMs) - atMs]
}

/** A random history of one key. @returns how many answers were compared, and what was admitted when */
async function history(adapter: Adapter, rule: ModelRule, key: string, modes: Mode[]) {
  const { method, windowMs, limit, burst } = rule
  const approximate = method === 'approximate'
  const per = `${windowMs}ms` as const
  const algorithm = method === 'approximate' ? 'sliding-window' : method
  const [resolved] = resolveLimiter('', { limit, per, algorithm, approximate, ...(burst && { burst }) }).rules
  if (!resolved) throw new Error('no rule')
  const script = timed(limitScript([RULES[resolved.method]]))
  const numbers = [numbersOf(resolved, limit)]
  const model = createModel(rule)
  const admitted: Admitted[] = []
  let compared = 0
  for (let call = 0; call < CALLS; call++) {
    await pause(pick(0, 0, 1, 5, windowMs / 3, windowMs))
    const [cost, mode] = [Math.min(pick(1, 1, 2, 7), burst ?? limit), pick(...modes)]
    const [began, ended, decision] = await adapter.run(script, [key], limitArgs(cost, mode, numbers))
    // The clock ticked meanwhile, so it is not known at which moment the script counted: the history ends here.
    if (began !== ended) break
    const atMs = Number(began)
    if (mode === PENALIZE) model.penalize(atMs, cost)
    else if (mode === REFUND) model.refund(atMs, cost)
    else {
      expect(unpack(decision, burst ?? limit)).toEqual(expected(rule, model, atMs, cost, mode))
      if (mode === SPEND && isAdmitted(decision)) admitted.push({ atMs, cost })
      compared++
    }
  }
  return { compared, admitted }
}

describe.each(['tcp', 'http'])('over %s', (way) => {
  test.each<Method>(['sliding-window', 'sliding-log', 'approximate', 'gcra', 'fixed-window'])(
    '%s on a real server answers as the reference model does, and keeps to its worst case',
    async (method) => {
      const adapter = limitAdapters[way]?.(servers.urlFor(way)) as Adapter
      let compared = 0
      for (let sequence = 0; sequence < SEQUENCES; sequence += ABREAST) {
        const histories = Array.from({ length: ABREAST }, async (_, i) => {
          const rule: ModelRule = {
            method,
            limit: pick(1, 3, 7),
            windowMs: pick(10, 30, 60),
            ...(method === 'gcra' && { burst: pick(1, 3, 5) }),
          }
          const withRefunds = i % 2 === 0
          const modes: Mode[] = withRefunds ? [LOOK, SPEND, SPEND, REFUND, PENALIZE] : [LOOK, SPEND, SPEND]
          const { compared, admitted } = await history(adapter, rule, `{${way} ${method} ${sequence + i}}`, modes)
          if (!withRefunds) expect(mostInAnyWindow(admitted, rule.windowMs)).toBeLessThanOrEqual(worstCase(rule))
          return compared
        })
        for (const count of await Promise.all(histories)) compared += count
      }
      // Most histories last: or nothing much would have been shown.
      expect(compared).toBeGreaterThan(SEQUENCES * 4)
      await adapter.close()
    },
    120_000,
  )
})
