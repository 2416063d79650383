import type { LimitOutcome, Policy, PolicyState } from './outcome.js'
import { type Decision, NUMBERS_PER_DECISION } from './rule.js'

/** The reasons that are no failure of the store. */
const LISTED: readonly string[] = ['allow-list', 'deny-list', 'local']

/**
 * A script's answer as an outcome; `undefined` for an answer that no script of ours gives.
 * @param reason where it was not the store that answered
 */
export function toOutcome(
  decision: unknown,
  policies: readonly Policy[],
  limits: readonly number[],
  reason?: string,
): LimitOutcome | undefined {
  if (!isDecision(decision, policies.length)) return undefined
  const allowed = isAdmitted(decision)
  let most: PolicyState | undefined
  const states = policies.map(({ name, algorithm, windowMs }, i) => {
    const at = NUMBERS_PER_DECISION * i
    const state: PolicyState = {
      name,
      algorithm,
      limit: limits[i] as number,
      windowMs,
      remaining: decision[at + 1] as number,
      retryAfterMs: decision[at + 2] as number,
      resetMs: decision[at + 3] as number,
    }
    if (!most || mattersMore(state, most)) most = state
    return state
  })
  const { limit, remaining, retryAfterMs, resetMs } = most as PolicyState
  const verdict = allowed ? 'allowed' : 'denied'
  const status = reason === undefined || LISTED.includes(reason) ? verdict : 'undecided'
  const outcome = { status, allowed, limit, remaining, retryAfterMs, resetMs, policies: states } as const
  return reason === undefined ? outcome : { ...outcome, reason }
}

/** Whether `one` refuses for longer than `other`, or where both do alike, has less left. */
function mattersMore(one: PolicyState, other: PolicyState): boolean {
  return (one.retryAfterMs - other.retryAfterMs || other.remaining / other.limit - one.remaining / one.limit) > 0
}

/** Whether all rules admit. */
export function isAdmitted(decision: Decision): boolean {
  for (let i = 0; i < decision.length; i += NUMBERS_PER_DECISION) if (decision[i] !== 1) return false
  return true
}

/** For how long a refused call is sure to be refused again. A place of `concurrency` may come free at any time. */
export function blockedMs({ policies }: LimitOutcome): number {
  return Math.max(...policies.map(({ algorithm, retryAfterMs }) => (algorithm === 'concurrency' ? 0 : retryAfterMs)))
}

function isDecision(answer: unknown, rules: number): answer is Decision {
  return Array.isArray(answer) && answer.length === NUMBERS_PER_DECISION * rules && answer.every(Number.isFinite)
}
