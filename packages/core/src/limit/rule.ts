import type { Script, ScriptView } from '../adapter/script.js'
import { LOOK, type Mode, REFUND } from './mode.js'

/** One call, as a rule's function gets it. */
export interface Ask {
  readonly cost: number
  readonly mode: Mode
  /** Who asks: for rules that give out leases. */
  readonly token: string
  /** The store's clock, the same for all rules of one call. */
  readonly nowMs: number
}

/** The numbers that a rule goes by. What each means is the rule's own affair. */
export type Numbers = readonly [limit: number, span: number, grain: number]

/** What a rule makes of a call. It writes nothing itself: of several rules, none may spend unless all admit. */
export interface Plan {
  readonly admitted: boolean
  /** What could be spent now, before this call. Below 0 in debt. */
  readonly remaining: number
  /** 0 where admitted. */
  readonly retryAfterMs: number
  /** Until nothing is spent any more, if this call changes nothing. */
  readonly resetMs: number
  /** What to store if the call goes through, and for how long. No time: nothing is left to store. */
  readonly value?: string | number
  readonly ttlMs?: number
}

/**
 * One algorithm, over one key: what a call would be answered, and what would then be stored. A key lives exactly until
 * nothing is spent any more, so its time to live is also the time of its reset.
 */
export interface Rule {
  readonly name: string
  /**
   * The body of a Lua function of `key, limit, span, grain`. At hand besides: `cost`, `mode` and `token` as in
   * {@link Ask}, and `now()`, the server's clock. It returns the members of a {@link Plan} in their order, `admitted` as
   * 1 or 0.
   */
  readonly lua: string
  plan(view: ScriptView, key: string, numbers: Numbers, ask: Ask): Plan
}

/** For each rule: whether it admits, what is left, in which time the call could pass, and in which all is whole again. */
export type Decision = readonly number[]
export const NUMBERS_PER_DECISION = 4

/** The arguments of a {@link limitScript}. @param token for rules that give out leases, if there are any */
export function limitArgs(cost: number, mode: Mode, rules: readonly Numbers[], token?: string): (string | number)[] {
  const args: (string | number)[] = [cost, mode]
  for (const numbers of rules) args.push(...numbers)
  if (token !== undefined) args.push(token)
  return args
}

/** What every limiter's script begins with: its arguments, and the server's clock for rules that ask for it. */
const BEGIN = `local cost, mode, token = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3 * #KEYS + 3]
local time
local function now()
  if not time then
    local clock = redis.call('TIME')
    time = clock[1] * 1000 + math.floor(clock[2] / 1000)
  end
  return time
end`

/** One rule, without the lists that several need: a third less work for the server. */
const oneRule = (rule: Rule) => `${BEGIN}
local function plan(key, limit, span, grain)
${rule.lua}
end
local key, limit = KEYS[1], tonumber(ARGV[3])
local admitted, remaining, retry, reset, value, ttl = plan(key, limit, tonumber(ARGV[4]), tonumber(ARGV[5]))
if admitted == 1 and mode > 0 and cost > 0 then
  if ttl then redis.call('SET', key, value, 'PX', ttl) elseif reset > 0 then redis.call('DEL', key) end
  if mode == 3 then remaining = math.min(remaining + cost, limit) else remaining = remaining - cost end
  reset = ttl or 0
end
if remaining < 0 then remaining = 0 end
return { admitted, remaining, retry, reset }`

const severalRules = (rules: readonly Rule[]) => {
  const distinct = [...new Set(rules)]
  return `${BEGIN}
${distinct.map(({ lua }, i) => `local function rule${i}(key, limit, span, grain)\n${lua}\nend`).join('\n')}
local rules = { ${rules.map((rule) => `rule${distinct.indexOf(rule)}`).join()} }
local plans, answer, spends = {}, {}, mode > 0 and cost > 0
for i, key in ipairs(KEYS) do
  local plan = { rules[i](key, tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 2])) }
  if plan[1] == 0 then spends = false end
  plans[i] = plan
end
for i, key in ipairs(KEYS) do
  local admitted, remaining, retry, reset, value, ttl = unpack(plans[i])
  if spends then
    if ttl then redis.call('SET', key, value, 'PX', ttl) elseif reset > 0 then redis.call('DEL', key) end
    remaining, reset = mode == 3 and math.min(remaining + cost, tonumber(ARGV[3 * i])) or remaining - cost, ttl or 0
  end
  for _, number in ipairs({ admitted, math.max(0, remaining), retry, reset }) do answer[#answer + 1] = number end
end
return answer`
}

/**
 * Rules as one atomic step: all spend, or none does. A denial writes nothing, nor does a look.
 *
 * KEYS: one for each rule. ARGV: cost, mode, then limit, span and grain of each rule, and a token for rules that give
 * out leases.
 * Returns four whole numbers for each rule: 1 or 0, what is left (0 or more), milliseconds to a retry, to a reset.
 */
export function limitScript(rules: readonly Rule[]): Script<Decision> {
  const [first] = rules
  return {
    name: `limit ${rules.map(({ name }) => name).join(' ')}`,
    lua: first && rules.length === 1 ? oneRule(first) : severalRules(rules),
    step(view, keys, args) {
      const [cost, mode] = args.map(Number) as [number, Mode]
      const ask = { cost, mode, token: String(args[3 * keys.length + 2] ?? ''), nowMs: view.nowMs() }
      const numbersOf = (i: number) => args.slice(3 * i + 2, 3 * i + 5).map(Number) as unknown as Numbers
      const plans = rules.map((rule, i) => rule.plan(view, keys[i] as string, numbersOf(i), ask))
      const spends = mode > LOOK && cost > 0 && plans.every(({ admitted }) => admitted)
      return plans.flatMap(({ admitted, remaining, retryAfterMs, resetMs, value, ttlMs = 0 }, i) => {
        if (!spends) return [Number(admitted), Math.max(0, remaining), retryAfterMs, resetMs]
        const key = keys[i] as string
        if (ttlMs) view.set(key, String(value), ttlMs)
        else if (resetMs > 0) view.delete(key)
        const left = mode === REFUND ? Math.min(remaining + cost, numbersOf(i)[0]) : remaining - cost
        return [1, Math.max(0, left), 0, ttlMs]
      })
    },
  }
}
