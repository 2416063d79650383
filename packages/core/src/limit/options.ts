import type { Any } from '../decorate/types.js'
import type { Duration } from '../time/duration.js'
import type { Algorithm, LimitOutcome } from './outcome.js'

/** What the in-memory cache of denials holds at most, unless told otherwise. */
export const DEFAULT_BLOCK_CACHE = 1_000

/** The rule by which a limiter counts. */
export interface LimitRule<Limit = number> {
  /** The most that is admitted per `per`; with `concurrency`, at once. An integer of 1 or more. */
  readonly limit: Limit
  /**
   * The window. More than 0. With `concurrency`, the longest that a call holds its place, which is not renewed: one that
   * crashed gives it back then, and one that runs for longer goes on, but no longer counts. `withLock` with `permits` does
   * renew.
   */
  readonly per: Duration
  /**
   * - `sliding-window`: strict; no window of `per` ever admits more than `limit`
   * - `gcra`: spread evenly, with bursts up to `burst`; the cheapest
   * - `fixed-window`: from a first call on; up to twice the limit around the end of a window
   * - `sliding-log`: as strict, and exact; its cost grows with `limit`
   * - `concurrency`: so many at once, whatever their rate
   * @default 'sliding-window'
   */
  readonly algorithm?: Algorithm
  /**
   * `sliding-window` only: the usual estimate from two windows. It refuses for no longer than it must, but may admit up
   * to twice the limit.
   * @default false
   */
  readonly approximate?: boolean
  /** `gcra` only: how many may come at once from a standing start. An integer of 1 or more. @default `limit` */
  readonly burst?: number
}

/** One rule, or several of which a call has to pass all. */
export type LimitRules<Limit = number> =
  | (LimitRule<Limit> & { readonly limits?: undefined })
  | ({
      /**
       * Several rules at once, as one atomic step: a call that one of them refuses spends nothing of any. No two of one
       * algorithm and window.
       */
      readonly limits: readonly LimitRule<Limit>[]
    } & { readonly [Option in keyof LimitRule]?: undefined })

/** Keys by name, or a function that knows them. */
export type KeyList = readonly (string | number)[] | ((key: string) => boolean)

/** What a limiter can be told beside its rule. */
export interface LimiterSettings {
  /**
   * What to do when the store cannot be asked:
   * - `local`: count in this process, by the same rule, until the store is back
   * - `allow`: let the call through
   * - `deny`: refuse it
   * @default 'local'
   */
  readonly onStoreError?: 'local' | 'allow' | 'deny'
  /** Counts, tells and emits as always, but refuses nobody: `status` is `denied`, `allowed` is true. @default false */
  readonly dryRun?: boolean
  /** Keys that are never limited, nor counted. Wins over `denyList`. The store is not asked. */
  readonly allowList?: KeyList
  /** Keys that are always refused. The store is not asked. */
  readonly denyList?: KeyList
  /**
   * For how many keys a denial is remembered in this process, so that until the call could pass the store need not be asked
   * again. An integer; 0 remembers none. What other processes refund or reset meanwhile shows after that time.
   * @default 1_000
   */
  readonly blockCache?: number
}

/** What `limiter` can be told. */
export type LimiterOptions = LimiterSettings &
  LimitRules & {
    /** What keeps this limiter's counters apart from all others'. Not empty, not beginning with `$`. */
    readonly prefix: string
  }

/**
 * What `@RateLimited` and `rateLimited` can be told. Callbacks get the method's arguments, and its `this`. `limit` may be
 * one: of a plan or a tier.
 */
export type RateLimitOptions<Args extends Any[] = Any[]> = LimiterSettings &
  LimitRules<number | ((...args: Args) => number | Promise<number>)> & {
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
    /** Is told of each decision, before the method runs or the call is refused: for `rateLimitHeaders`, say. */
    readonly onOutcome?: (outcome: LimitOutcome, ...args: Args) => void
  }
