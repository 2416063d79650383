import type { Script, ScriptView } from '../adapter/script.js'
import { LOOK, type Mode, REFUND, SPEND } from './mode.js'

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
export type Numbers = readonly [limit: number, span: number]

/** What a rule makes of a call. It writes nothing itself: of several rules, none may spend unless all admit. */
export interface Plan {
  /** What could be spent now, before this call. Below 0 in debt. */
  readonly remaining: number
  /** More than 0 exactly where the rule refuses. */
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
   * Lua statements that set the members of a {@link Plan}: `remaining`, `reset`, `value`, `ttl`, and `retry` where they
   * refuse. At hand are `key`, `limit`, `span`, and `cost`, `mode` and `token` as in {@link Ask}.
   *
   * Statements and not a function: to make one for each call and to call it would cost as much as a command.
   */
  readonly lua: string
  /** Whether the Lua asks for `now`, the server's clock in ms. */
  readonly hasClock?: boolean
  /** Lua that stores as {@link STORE} would, at less cost. */
  readonly store?: string
  plan(view: ScriptView, key: string, numbers: Numbers, ask: Ask): Plan
}

/** Lua that stores `value` for `ttl`. A number that came as text goes out as that text: a server is slow to format one. */
export const STORE = `redis.call('SET', key, value, 'PX', ttl == span and window or ttl)`

/**
 * What a script answers: for each rule what is left (0 or more), in which time the call could pass (0 where it does), and
 * in which all is whole again. One rule that admits says it as a single number instead, if that is below 2⁵²:
 * `reset × (limit + 1) + remaining`. A server takes longer to answer a list than to run a short command.
 */
export type Decision = number | readonly number[]
export const NUMBERS_PER_DECISION = 3
/** Half of what a number holds: ioredis 6.0 misreads the last few of the other half. */
const PACKED_BELOW = 2 ** 52

/** The arguments of a {@link limitScript}. @param token for rules that give out leases, if there are any */
export function limitArgs(cost: number, mode: Mode, rules: readonly Numbers[], token?: string): (string | number)[] {
  const args: (string | number)[] = rules.flat()
  // What most checks are is not said: each argument costs the client and the server.
  if (cost !== 1 || mode !== SPEND || token !== undefined) args.push(cost, mode)
  if (token !== undefined) args.push(token)
  return args
}

/** What every limiter's script begins with. @param rules how many there are */
const begin = (rules: readonly Rule[]) => {
  const [cost, mode, token] = [1, 2, 3].map((place) => `ARGV[${2 * rules.length + place}]`)
  return `local cost, mode, token = 1, 1
if ${cost} then cost, mode, token = ${cost} + 0, ${mode} + 0, ${token} end
${
  rules.some(({ hasClock }) => hasClock)
    ? `local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)`
    : ''
}`
}

/** The numbers of the rule at a place from 1. */
const numbersAt = (
  place: number,
) => `local key, limit, window = KEYS[${place}], ARGV[${2 * place - 1}] + 0, ARGV[${2 * place}]
local span = window + 0`

/** Stores what a rule has planned, and says how it then stands. */
const carryOut = ({ store = STORE }: Rule) => `if ttl then ${store} elseif reset > 0 then redis.call('DEL', key) end
  if mode == 3 then remaining = math.min(remaining + cost, limit) else remaining = remaining - cost end
  reset = ttl or 0`

const oneRule = (rule: Rule) => `${begin([rule])}
${numbersAt(1)}
local remaining, reset, retry, value, ttl = 0, 0, 0
${rule.lua}
if retry == 0 and mode > 0 and cost > 0 then
  ${carryOut(rule)}
end
if remaining < 0 then remaining = 0 end
if retry == 0 then
  local answer = reset * (limit + 1) + remaining
  if answer < ${PACKED_BELOW} then return answer end
end
return { remaining, retry, reset }`

const severalRules = (rules: readonly Rule[]) => `${begin(rules)}
local plans, answer, spends = {}, {}, mode > 0 and cost > 0
${rules
  .map(
    ({ lua }, i) => `do
${numbersAt(i + 1)}
local remaining, reset, retry, value, ttl = 0, 0, 0
${lua}
if retry > 0 then spends = false end
plans[${i + 1}] = { remaining, reset, retry, value, ttl }
end`,
  )
  .join('\n')}
${rules
  .map(
    (rule, i) => `do
${numbersAt(i + 1)}
local remaining, reset, retry, value, ttl = unpack(plans[${i + 1}], 1, 5)
if spends then
  ${carryOut(rule)}
end
for _, number in ipairs({ math.max(0, remaining), retry, reset }) do answer[#answer + 1] = number end
end`,
  )
  .join('\n')}
return answer`

/**
 * Rules as one atomic step: all spend, or none does. A denial writes nothing, nor does a look.
 *
 * KEYS: one for each rule. ARGV: limit and span of each rule; cost and mode, unless they are 1 and {@link SPEND}; then a
 * token for rules that give out leases. Returns a {@link Decision}.
 */
export function limitScript(rules: readonly Rule[]): Script<Decision> {
  const [first] = rules
  return {
    name: `limit ${rules.map(({ name }) => name).join(' ')}`,
    lua: first && rules.length === 1 ? oneRule(first) : severalRules(rules),
    step(view, keys, args) {
      const [cost = 1, mode = SPEND, token = ''] = args.slice(2 * keys.length)
      const ask = { cost: Number(cost), mode: Number(mode) as Mode, token: String(token), nowMs: view.nowMs() }
      const numbersOf = (i: number): Numbers => [Number(args[2 * i]), Number(args[2 * i + 1])]
      const plans = rules.map((rule, i) => rule.plan(view, keys[i] as string, numbersOf(i), ask))
      const admits = plans.every(({ retryAfterMs }) => retryAfterMs === 0)
      const spends = admits && ask.mode > LOOK && ask.cost > 0
      const answer = plans.flatMap(({ remaining, retryAfterMs, resetMs, value, ttlMs = 0 }, i) => {
        if (!spends) return [Math.max(0, remaining), retryAfterMs, resetMs]
        const key = keys[i] as string
        if (ttlMs) view.set(key, String(value), ttlMs)
        else if (resetMs > 0) view.delete(key)
        const left = ask.mode === REFUND ? Math.min(remaining + ask.cost, numbersOf(i)[0]) : remaining - ask.cost
        return [Math.max(0, left), 0, ttlMs]
      })
      const [remaining, , resetMs] = answer as [number, number, number]
      const packed = resetMs * (numbersOf(0)[0] + 1) + remaining
      // A clock that an application brings may tell fractions, which no single number could carry.
      const fits = packed < PACKED_BELOW && Number.isInteger(resetMs)
      return admits && rules.length === 1 && fits ? packed : answer
    },
  }
}
