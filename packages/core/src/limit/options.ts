import type { Script } from '../adapter/script.js'
import type { Any } from '../decorate/types.js'
import { assertPositiveInteger, invalidOption } from '../errors/usage-error.js'
import { type Duration, toMs } from '../time/duration.js'
import { gcra } from './gcra.js'
import type { Decision } from './outcome.js'
import { slidingWindow } from './sliding-window.js'

/** The rule by which a limiter counts. */
export interface LimitRule {
  /** The most that is admitted per `per`. An integer of 1 or more. */
  readonly limit: number
  /** The window. More than 0. */
  readonly per: Duration
  /**
   * - `sliding-window`: strict; no window of `per` ever admits more than `limit`
   * - `gcra`: spread evenly, with bursts up to `burst`; the cheapest
   * @default 'sliding-window'
   */
  readonly algorithm?: 'sliding-window' | 'gcra'
  /** `gcra` only: how many may come at once from a standing start. An integer of 1 or more. @default `limit` */
  readonly burst?: number
}

/** What `limiter` can be told. */
export interface LimiterOptions extends LimitRule {
  /** What keeps this limiter's counters apart from all others'. Not empty, not beginning with `$`. */
  readonly prefix: string
  /**
   * What to do when the store cannot be asked:
   * - `local`: count in this process, by the same rule, until the store is back
   * - `allow`: let the call through
   * - `deny`: refuse it
   * @default 'local'
   */
  readonly onStoreError?: 'local' | 'allow' | 'deny'
}

/** What `@RateLimited` and `rateLimited` can be told. Callbacks get the method's arguments, and its `this`. */
export interface RateLimitOptions<Args extends Any[] = Any[]> extends Omit<LimiterOptions, 'prefix'> {
  /** As for `limiter`. @default `Class.method`, or the prefix of a cached function inside */
  readonly prefix?: string
  /**
   * Who is counted: a user, an address, a tenant. A string or a number; `undefined` is an error, since all such callers
   * would share one counter.
   * @default all calls are counted together
   */
  readonly by?: (...args: Args) => string | number
  /** How much a call counts for. An integer from 0 to the limit. @default 1 */
  readonly cost?: number | ((...args: Args) => number)
}

/** A {@link LimitRule} as a script and its arguments. */
export interface ResolvedRule {
  readonly limit: number
  /** The most that one call may cost. */
  readonly maxCost: number
  /** For the `RateLimit-Policy` field, in milliseconds. */
  readonly windowMs: number
  readonly script: Script<Decision>
  args(cost: number, spend: 0 | 1): number[]
}

/** @throws UsageError that names the option at fault. */
export function resolveRule(options: LimitRule & Pick<LimiterOptions, 'onStoreError'>): ResolvedRule {
  const { limit, per, algorithm = 'sliding-window', burst, onStoreError = 'local' } = options
  if (!['local', 'allow', 'deny'].includes(onStoreError)) {
    throw invalidOption('onStoreError', `must be 'local', 'allow' or 'deny', not ${onStoreError}`)
  }
  const windowMs = toMs(per, 'per', 1)
  assertPositiveInteger(limit, 'limit')
  if (algorithm === 'sliding-window') {
    if (burst !== undefined) throw invalidOption('burst', "goes with algorithm 'gcra' only")
    return {
      limit,
      windowMs,
      maxCost: limit,
      script: slidingWindow,
      args: (cost, spend) => [limit, windowMs, cost, spend],
    }
  }
  if (algorithm !== 'gcra') throw invalidOption('algorithm', `must be 'sliding-window' or 'gcra', not ${algorithm}`)
  const size = burst ?? limit
  assertPositiveInteger(size, 'burst')
  // Rounded up: rather a little slower than the limit than a little faster.
  const intervalUs = Math.ceil((windowMs * 1000) / limit)
  return { limit, windowMs, maxCost: size, script: gcra, args: (cost, spend) => [intervalUs, size, cost, spend] }
}
