import { memory } from '../adapter/memory.js'
import { RateLimitedError } from '../errors/rate-limited-error.js'
import { StoreError } from '../errors/store-error.js'
import { assertPositiveInteger, invalidOption } from '../errors/usage-error.js'
import { assertPrefix, escapeTag, taggedKey } from '../keys/layout.js'
import { randomId } from '../keys/random.js'
import { platform } from '../platform/index.js'
import { shared } from '../platform/shared.js'
import type { Toolkit } from '../store/toolkit.js'
import { type Duration, optionalMs } from '../time/duration.js'
import { sleep } from '../time/timer.js'
import type { LimitCall, LimitEngine } from './engine.js'
import { LOOK, PENALIZE, REFUND, SPEND } from './mode.js'
import type { LimiterOptions, LimiterSettings, LimitRules } from './options.js'
import type { LimitOutcome, Policy } from './outcome.js'
import { resolveLimiter } from './resolve.js'

/** How a single call is counted. */
export interface CheckOptions {
  /** How much it counts for. An integer from 0 to the limit. @default 1 */
  readonly cost?: number
  /** The limit for this call, in place of the limiter's own: of a plan or a tier. With several `limits`, one for each. */
  readonly limit?: number | readonly number[]
}

/** How a call waits for its turn. */
export interface WaitOptions extends CheckOptions {
  /** The most time to wait. 0 tries once. @default no end */
  readonly timeout?: Duration
  /** Ends the wait. The call then rejects with the signal's `reason`, and what a check under way spends is given back. */
  readonly signal?: AbortSignal
}

/** A rate limit, asked by key. */
export interface Limiter {
  /** What keeps its counters apart from all others'. */
  readonly prefix: string
  /** The limits it goes by. */
  readonly policies: readonly Policy[]
  /**
   * Spends `cost` from the quota of `key` if it is there, as one atomic command of the store. A denial spends nothing,
   * and until `retryAfterMs` has passed, the same call is refused without asking the store again.
   * Never rejects for the store's sake: the outcome is then `undecided`.
   * @throws UsageError when `cost` is not an integer from 0 to the limit
   *
   * @example
   * const outcome = await api.check(userId, { cost: 5 })
   * if (!outcome.allowed) console.log(`again in ${outcome.retryAfterMs} ms`)
   */
  check(key: string | number, options?: CheckOptions): Promise<LimitOutcome>
  /** What a `check` would answer now, without spending. Always asks the store, and like `check` never rejects for its sake. */
  peek(key: string | number, options?: CheckOptions): Promise<LimitOutcome>
  /**
   * Waits until a check is allowed, for no longer than it must: it asks, sleeps for `retryAfterMs`, and asks again. Calls
   * of this process for one key wait in line, and only the first of them asks. On Workers each asks for itself, since one
   * request must not wait for another.
   *
   * @throws RateLimitedError as soon as it is known that the call cannot pass within `timeout`; the reason of `signal`
   * when that aborts
   *
   * @example
   * await api.waitUntilAllowed(userId, { timeout: '5s', signal: request.signal })
   */
  waitUntilAllowed(key: string | number, options?: WaitOptions): Promise<LimitOutcome>
  /**
   * Gives back what a call has spent, for work that did not happen after all. No more is given than is spent. Do it soon:
   * what time has given back already may be given twice by a late refund. Places of `concurrency` are given back by
   * the outcome's `release` instead.
   * @param cost as it was given to `check`, and so `limit`
   * @throws StoreError
   */
  refund(key: string | number, cost?: number, options?: Pick<CheckOptions, 'limit'>): Promise<void>
  /**
   * Spends `cost` whether or not it is there: for a wrong password, say. The debt is at most the limit, so that time lets
   * the key in again. Means nothing to `concurrency`.
   * @throws StoreError
   */
  penalize(key: string | number, cost?: number, options?: Pick<CheckOptions, 'limit'>): Promise<void>
  /** Forgets what `key` has spent, and who holds its places. @throws StoreError */
  reset(key: string | number): Promise<void>
}

/** The type of `limiter`. */
export interface LimiterForm {
  /**
   * A rate limit without a decorator. `rateLimited` and `@RateLimited` are doors onto one.
   *
   * Limiters of one prefix, algorithm and window share their counters, in every process: that is how processes share a
   * limit.
   *
   * @throws UsageError that names the option at fault
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
  return (options) => openLimiter(toolkit, options.prefix, options)
}

/** A limiter whose limits may be left to each call: then they are functions here, and numbers in `check`. */
export function openLimiter(toolkit: Toolkit, prefix: string, options: LimiterSettings & LimitRules<unknown>): Limiter {
  assertPrefix(prefix)
  const settings = resolveLimiter(prefix, options)
  const { rules } = settings
  let engine: LimitEngine | undefined
  const open = async () => {
    const { createEngine } = await import('./engine.js')
    const context = toolkit.context()
    engine ??= createEngine({
      context,
      prefix,
      settings,
      sleep,
      shared,
      isAlone: () => platform.scope() !== undefined,
      newToken: randomId,
      openMemory: () => memory({ now: context.now }),
      headOf: ({ room }) => taggedKey(context.namespace, '$limit', '', room).slice(0, -1),
      tagOf: escapeTag,
      reasonOf: (error) => (error instanceof StoreError ? error.reason : 'unavailable'),
      malformed: () => new StoreError(context.store.adapter.name, 'run', 'malformed'),
      refusal: (outcome) => new RateLimitedError(prefix, outcome),
    })
    return engine
  }
  const toLimits = (given: readonly (number | undefined)[]) =>
    rules.map((_, i) => {
      assertPositiveInteger(given[i] as number, 'limit')
      return given[i] as number
    })
  const mostOf = (limits: readonly number[]) => Math.min(...rules.map(({ burst }, i) => burst ?? (limits[i] as number)))
  const isFixed = rules.every(({ limit }) => limit !== undefined)
  const ownLimits = isFixed ? toLimits(rules.map(({ limit }) => limit)) : []
  const ownMost = mostOf(ownLimits)
  const toCall = (key: string | number, { cost = 1, limit }: CheckOptions = {}): LimitCall => {
    const limits =
      limit === undefined && isFixed ? ownLimits : toLimits(typeof limit === 'number' ? [limit] : (limit ?? []))
    const most = limits === ownLimits ? ownMost : mostOf(limits)
    if (!(Number.isSafeInteger(cost) && cost >= 0 && cost <= most)) {
      throw invalidOption('cost', `must be an integer from 0 to ${most}, not ${cost}: more could never pass`)
    }
    return { key: toKey(key), cost, limits }
  }
  return {
    prefix,
    policies: rules.map(({ name, algorithm, windowMs }) => ({ name, algorithm, windowMs })),
    // Not `async`, which would let every caller wait for three more turns of the microtask queue.
    check(key, options) {
      try {
        const call = toCall(key, options)
        return engine ? engine.decide(call, SPEND) : open().then((opened) => opened.decide(call, SPEND))
      } catch (error) {
        return Promise.reject(error)
      }
    },
    async peek(key, options) {
      const call = toCall(key, options)
      return (await open()).decide(call, LOOK)
    },
    async waitUntilAllowed(key, options = {}) {
      const { timeout, signal } = options
      const call = toCall(key, options)
      const patience = { timeoutMs: optionalMs(timeout, 'timeout'), signal }
      return (await open()).wait(call, patience)
    },
    async refund(key, cost = 1, options = {}) {
      const call = toCall(key, { ...options, cost })
      await (await open()).adjust(call, REFUND)
    },
    async penalize(key, cost = 1, options = {}) {
      const call = toCall(key, { ...options, cost })
      await (await open()).adjust(call, PENALIZE)
    },
    async reset(key) {
      const text = toKey(key)
      await (await open()).reset(text)
    },
  }
}

/** @throws UsageError for what would make different callers share one counter. */
function toKey(key: string | number): string {
  if (key === '' || Number.isNaN(key) || (typeof key !== 'string' && typeof key !== 'number')) {
    throw invalidOption('by', `must give a string, not empty, or a number, not ${key}: it says who is counted`)
  }
  return `${key}`
}
