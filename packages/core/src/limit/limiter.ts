import { memory } from '../adapter/memory.js'
import { StoreError } from '../errors/store-error.js'
import { invalidOption } from '../errors/usage-error.js'
import { assertPrefix, taggedKey } from '../keys/layout.js'
import type { Toolkit } from '../store/toolkit.js'
import { type LimiterOptions, type ResolvedRule, resolveRule } from './options.js'
import { type LimitOutcome, toOutcome } from './outcome.js'

/** A rate limit, asked by key. */
export interface Limiter {
  readonly prefix: string
  /** The most that any window admits. */
  readonly limit: number
  /** The window, in milliseconds. */
  readonly windowMs: number
  /**
   * Spends `cost` from the quota of `key` if it is there, as one atomic command of the store. A denial spends nothing.
   * Never rejects for the store's sake: the outcome is then `undecided`.
   * @throws UsageError when `cost` is not an integer from 0 to the limit
   */
  check(key: string | number, options?: { readonly cost?: number }): Promise<LimitOutcome>
  /** What a `check` would answer now, without spending. */
  peek(key: string | number): Promise<LimitOutcome>
  /** Forgets what `key` has spent. @throws StoreError */
  reset(key: string | number): Promise<void>
}

export interface LimiterForm {
  /**
   * A rate limit without a decorator. `rateLimited` and `@RateLimited` are doors onto one.
   *
   * Limiters of one prefix share their counters, in every process: that is how processes share a limit.
   *
   * @example
   * const api = limiter({ prefix: 'api', limit: 100, per: '1m' })
   * const outcome = await api.check(userId)
   * if (!outcome.allowed) return tooManyRequests(new RateLimitedError('api', outcome))
   */
  (options: LimiterOptions): Limiter
}

/** Makes `limiter` for a toolkit. */
export function createLimiter(toolkit: Toolkit): LimiterForm {
  return (options) => {
    const { prefix, onStoreError = 'local' } = options
    const rule = resolveRule(options)
    assertPrefix(prefix)
    const insure = createInsurance(toolkit, rule)

    const storeKey = (key: string | number) => {
      if (key === '' || Number.isNaN(key) || (typeof key !== 'string' && typeof key !== 'number')) {
        throw invalidOption('by', `must give a string, not empty, or a number, not ${key}: it says who is counted`)
      }
      return taggedKey(toolkit.context().namespace, '$limit', `${key}`, `${prefix}:${rule.script.name}:`)
    }

    async function decide(key: string | number, cost: number, spend: 0 | 1): Promise<LimitOutcome> {
      if (!(Number.isSafeInteger(cost) && cost >= 0 && cost <= rule.maxCost)) {
        throw invalidOption('cost', `must be an integer from 0 to ${rule.maxCost}, not ${cost}: more could never pass`)
      }
      const { store, events } = toolkit.context()
      const at = storeKey(key)
      const args = rule.args(cost, spend)
      try {
        // Not replayable: a check whose answer got lost may have spent already.
        const decision = await store.call('run', false, (to, call) => to.run(rule.script, [at], args, call))
        const outcome = toOutcome(decision, rule.limit)
        if (!outcome) throw new StoreError(store.adapter.name, 'run', 'malformed')
        if (spend && !outcome.allowed && events.active) {
          events.emit({ type: 'denied', prefix, key: at, retryAfterMs: outcome.retryAfterMs })
        }
        return outcome
      } catch (error) {
        events.emit({ type: 'fallback', operation: 'limit', prefix, error })
        const reason = error instanceof StoreError ? error.reason : 'unavailable'
        const { limit, windowMs } = rule
        const blind = onStoreError === 'allow' ? [1, limit, 0, 0] : [0, 0, windowMs, 0]
        const decision = onStoreError === 'local' ? await insure(at, args) : blind
        return { ...(toOutcome(decision, limit) as LimitOutcome), status: 'undecided', reason }
      }
    }

    return {
      prefix,
      limit: rule.limit,
      windowMs: rule.windowMs,
      check: async (key, { cost = 1 } = {}) => decide(key, cost, 1),
      peek: async (key) => decide(key, 1, 0),
      async reset(key) {
        const { store } = toolkit.context()
        await store.call('delete', true, (to, call) => to.delete([storeKey(key)], call))
      },
    }
  }
}

/** A limiter of this process alone, by the same rule, for while the store cannot be asked. Made when first needed. */
function createInsurance(toolkit: Toolkit, rule: ResolvedRule) {
  let local: ReturnType<typeof memory> | undefined
  return async (key: string, args: number[]) => {
    local ??= memory({ now: toolkit.context().now })
    return local.run(rule.script, [key], args)
  }
}
