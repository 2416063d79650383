import type { LimitOutcome, PolicyState } from './outcome.js'
import type { ResolvedRule } from './resolve.js'
import { type Decision, NUMBERS_PER_DECISION } from './rule.js'

/** The reasons that are no failure of the store. */
const LISTED: readonly string[] = ['allow-list', 'deny-list', 'local']

/**
 * A script's answer as an outcome; `undefined` for an answer that no script of ours gives.
 * @param reason where it was not the store that answered
 */
export function toOutcome(
  decision: unknown,
  rules: readonly ResolvedRule[],
  limits: readonly number[],
  reason?: string,
): LimitOutcome | undefined {
  const first = rules[0] as ResolvedRule
  const numbers = rules.length === 1 ? unpack(decision, first.burst ?? (limits[0] as number)) : decision
  if (!isList(numbers, rules.length)) return undefined
  const most = toState(first, limits, numbers, 0)
  const policies = [most]
  for (let i = 1; i < rules.length; i++) policies.push(toState(rules[i] as ResolvedRule, limits, numbers, i))
  const { limit, remaining, retryAfterMs, resetMs } = rules.length === 1 ? most : policies.reduce(whatMattersMore)
  const allowed = isAdmitted(numbers)
  const verdict = allowed ? 'allowed' : 'denied'
  if (reason === undefined) return { status: verdict, allowed, limit, remaining, retryAfterMs, resetMs, policies }
  const status = LISTED.includes(reason) ? verdict : 'undecided'
  return { status, allowed, limit, remaining, retryAfterMs, resetMs, policies, reason }
}

/** A single rule's decision as the list that it stands for. What is none comes back as it is. */
export function unpack(decision: unknown, limit: number): unknown {
  if (!(Number.isSafeInteger(decision) && (decision as number) >= 0)) return decision
  const answer = decision as number
  const remaining = answer % (limit + 1)
  return [remaining, 0, (answer - remaining) / (limit + 1)]
}

function toState(
  { name, algorithm, windowMs }: ResolvedRule,
  limits: readonly number[],
  numbers: readonly number[],
  i: number,
): PolicyState {
  const at = NUMBERS_PER_DECISION * i
  return {
    name,
    algorithm,
    limit: limits[i] as number,
    windowMs,
    remaining: numbers[at] as number,
    retryAfterMs: numbers[at + 1] as number,
    resetMs: numbers[at + 2] as number,
  }
}

/** Which of two refuses for longer, or where both do alike, has less left. */
function whatMattersMore(one: PolicyState, other: PolicyState): PolicyState {
  const more = other.retryAfterMs - one.retryAfterMs || one.remaining / one.limit - other.remaining / other.limit
  return more > 0 ? other : one
}

/** Whether all rules admit. */
export function isAdmitted(decision: Decision): boolean {
  if (typeof decision === 'number') return true
  for (let i = 1; i < decision.length; i += NUMBERS_PER_DECISION) if (decision[i] !== 0) return false
  return true
}

/** For how long a refused call is sure to be refused again. A place of `concurrency` may come free at any time. */
export function blockedMs({ policies }: LimitOutcome): number {
  return Math.max(...policies.map(({ algorithm, retryAfterMs }) => (algorithm === 'concurrency' ? 0 : retryAfterMs)))
}

function isList(answer: unknown, rules: number): answer is readonly number[] {
  if (!Array.isArray(answer) || answer.length !== NUMBERS_PER_DECISION * rules) return false
  for (const number of answer) if (!Number.isFinite(number)) return false
  return true
}
