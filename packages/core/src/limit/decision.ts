import type { LimitOutcome, Policy, PolicyState } from './outcome.js'
import { type Decision, NUMBERS_PER_DECISION } from './rule.js'

const LISTED = /^(allow-list|deny-list|local)$/

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
  const states = policies.map(({ name, algorithm, windowMs }, i): PolicyState => {
    const [, remaining, retryAfterMs, resetMs] = decision.slice(NUMBERS_PER_DECISION * i) as [
      0 | 1,
      number,
      number,
      number,
    ]
    return { name, algorithm, limit: limits[i] as number, windowMs, remaining, retryAfterMs, resetMs }
  })
  const { limit, remaining, retryAfterMs, resetMs } = states.reduce((most, state) =>
    (state.retryAfterMs - most.retryAfterMs || most.remaining / most.limit - state.remaining / state.limit) > 0
      ? state
      : most,
  )
  const isDecided = reason === undefined || LISTED.test(reason)
  const outcome = {
    status: isDecided ? (allowed ? 'allowed' : 'denied') : 'undecided',
    allowed,
    limit,
    remaining,
    retryAfterMs,
    resetMs,
    policies: states,
  } as const
  return reason === undefined ? outcome : { ...outcome, reason }
}

/** Whether all rules admit. */
export function isAdmitted(decision: Decision): boolean {
  return decision.every((number, i) => i % NUMBERS_PER_DECISION !== 0 || number === 1)
}

/** For how long a refused call is sure to be refused again. A place of `concurrency` may come free at any time. */
export function blockedMs({ policies }: LimitOutcome): number {
  return Math.max(...policies.map(({ algorithm, retryAfterMs }) => (algorithm === 'concurrency' ? 0 : retryAfterMs)))
}

function isDecision(answer: unknown, rules: number): answer is Decision {
  return Array.isArray(answer) && answer.length === NUMBERS_PER_DECISION * rules && answer.every(Number.isFinite)
}
