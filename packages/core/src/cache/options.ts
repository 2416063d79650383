import type { Any } from '../decorate/types.js'
import { invalidOption } from '../errors/usage-error.js'
import type { Serializer } from '../serialize/serializer.js'
import { type Duration, optionalMs, toMs } from '../time/duration.js'
import type { Schema } from './schema.js'

/** How long a result may be served: a span of time, or a function that tells it from the result. 0 stores nothing. */
export type Ttl<Result = Any> = Duration | ((result: Result) => Duration)

/**
 * What `@Cached` and `cached` can be told. Every callback gets the method's arguments, and its `this`.
 */
export interface CachedOptions<Args extends Any[] = Any[], Result = Any> {
  /** How long a result may be served. */
  readonly ttl: Ttl<Result>
  /**
   * What keeps this method's entries apart from all others'. Not empty, not beginning with `$`, one method's only.
   * @default `Class.method` for a decorated method whose class name does not look minified
   * @throws UsageError `ERR_PREFIX_REQUIRED`, `ERR_PREFIX_TAKEN`
   */
  readonly prefix?: string
  /**
   * What tells one call from another, instead of the arguments: anything that arguments may be, a list for several
   * parts. Needed where an argument is a function, a stream, a request or an instance of a class.
   * @throws UsageError (`ERR_INVALID_OPTION`) when it gives `undefined`: all callers would share one entry
   */
  readonly key?: (...args: Args) => unknown
  /**
   * Whose result it is: a tenant or a user. Different scopes never share an entry. `undefined`, `null` and `''` bypass
   * the cache, so that a missing scope is never taken for a common one.
   */
  readonly scope?: (...args: Args) => unknown
  /** Names under which the result can be evicted together with others. Known from the arguments, before any result. */
  readonly tags?: readonly string[] | ((...args: Args) => readonly string[])
  /** How long `null` and `undefined` may be served. 0 stores neither. @default the `ttl` */
  readonly nullTtl?: Duration
  /** Whether the cache is used for this call at all. @default always */
  readonly when?: (...args: Args) => boolean
  /** Whether a result is not to be stored. @default never */
  readonly unless?: (result: Result) => boolean
  /** Part of every key. Change it with the shape of the result, and old entries are out of sight. */
  readonly version?: string | number
  /**
   * What a result looks like: a schema of zod, valibot, arktype or any other library that speaks Standard Schema v1. A
   * stored value that does not fit is a miss (`reason: 'schema'`): one that an older version of the application wrote.
   *
   * What the schema makes of a value (defaults, keys left out) is what callers get, on a hit and on a miss alike, so it
   * must be such that the schema gives its own output back unchanged. A result that does not fit reaches its callers as
   * it is, is not stored, and is reported once by the event `uncacheable`. The schema may be asynchronous.
   * @default any value fits
   */
  readonly schema?: Schema<Result>
  /**
   * A chance for a stored value that does not fit `schema`: gives one that does, or `undefined`, which makes it a miss.
   * What it gives is held to the schema again, and is not written back. May be asynchronous; what it throws is a miss.
   * @throws UsageError (`ERR_INVALID_OPTION`), from calls, without `schema`
   */
  readonly migrate?: (stored: Any) => unknown
  /** How results become text. @default plain JSON where that is exact, else superjson */
  readonly serializer?: Serializer
  /**
   * Keeps results in this process too, for a short time: a hit there sends nothing. Evictions of this process apply at
   * once. Those of others come over the bus where the adapter can subscribe; when the connection breaks, everything is
   * forgotten. Elsewhere, as on Workers, the stamps in use are asked for once a second, with the first read that comes.
   * `true` for the defaults. Each eviction costs one command more in toolkits that have such a function.
   * @default false
   */
  readonly local?: boolean | LocalOptions
  /**
   * The most time that the store may add to a call, over all its steps. More than 0.
   * @default the toolkit's: 250 ms over TCP, 1 s over HTTP
   */
  readonly budget?: Duration
  /**
   * For how long after its ttl a result is still served at once, while a new one is loaded in the background: one
   * refresh for each key and process. A refresh that fails is followed by a pause, 1 s at first and doubling up to 30 s.
   * 0 is none. (RFC 5861, `stale-while-revalidate`.)
   * @default 0
   */
  readonly staleWhileRevalidate?: Duration
  /**
   * For how long after its ttl a result is served when loading a new one fails or exceeds `hardTimeout`. A failure is
   * followed by a pause, 1 s at first and doubling up to 30 s, in which the method is not called for these arguments:
   * callers get the stale result, or where there is none, for 1 s, the very error that the method rejected with. 0 is
   * none. (RFC 5861, `stale-if-error`.)
   * @default 0
   */
  readonly staleIfError?: Duration
  /**
   * The longest that a caller waits for the method while a result of the `staleIfError` window is at hand. Then that is
   * served, and the load goes on. 0 waits for nothing.
   * @default as long as the method takes
   * @throws UsageError (`ERR_INVALID_OPTION`), at the first call, without `staleIfError`
   */
  readonly softTimeout?: Duration
  /**
   * The longest that the method may take. Then the signal of `currentLoad()` aborts, what the method still brings is
   * dropped, and callers get a stale result within `staleIfError`, else an error. More than 0.
   * @default as long as the method takes
   * @throws LarderError (`ERR_LOAD_TIMEOUT`) from calls
   */
  readonly hardTimeout?: Duration
  /**
   * By how much the ttl is shortened at random, at most, so that what was stored together does not end together: a share
   * of the ttl from 0 to 1, or a span such as `'30s'`. The ttl stays the upper bound.
   * @default 0
   */
  readonly jitter?: number | Duration
  /**
   * Refreshes a result in the background shortly before its ttl ends, at a moment drawn at random, the earlier the longer
   * its load took: of many processes one is likely to be first, without talking to each other, and without a command.
   * (XFetch: Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015.)
   * @default false
   */
  readonly earlyRefresh?: boolean | EarlyRefreshOptions
  /**
   * Who shares a load of the same key:
   * - `'process'`: the concurrent callers of one process
   * - `'everywhere'`: those of all processes, by a lease in the store. The others serve a stale result, or wait for the
   *   one that loads: for `hardTimeout`, or 5 s, at most. Then they load themselves
   * - `false`: nobody; only refreshes in the background are one for each key and process
   * @default 'process'
   */
  readonly dedupe?: 'process' | 'everywhere' | false
}

/** How `earlyRefresh` draws its moments. */
export interface EarlyRefreshOptions {
  /** The greater, the earlier. More than 0. @default 1 */
  readonly beta?: number
  /** A number above 0 and up to 1. @default from `Math.random` */
  readonly random?: () => number
  /** The wall clock, in milliseconds. @default the toolkit's */
  readonly now?: () => number
}

/** Options that are spans of time, and of which the plain read path knows nothing. */
export const SPANS = ['staleWhileRevalidate', 'staleIfError', 'softTimeout', 'hardTimeout'] as const

/** A near tier: results kept in this process for a short time, in front of the store. */
export interface LocalOptions {
  /**
   * The longest that a result is served without asking the store. More than 0; the result's own `ttl` ends it sooner.
   * It is also the longest that an eviction elsewhere can go unnoticed.
   * @default '10s'
   */
  readonly ttl?: Duration
  /** The most results kept, of this function. An integer of 1 or more. @default 1_000 */
  readonly maxEntries?: number
  /**
   * The most bytes kept, of this function: two per character of key and text, plus 400 for each result. A result that is
   * larger than this is not kept. An integer of 1 or more.
   * @default 8_388_608 (8 MiB)
   */
  readonly maxBytes?: number
  /**
   * What callers get. `copy`: each a result of its own. `reference`: all the same one, frozen all the way down as far as
   * it consists of records and lists; a Map, a Date or an instance in it is shared and must not be changed.
   * @default 'copy'
   */
  readonly share?: 'copy' | 'reference'
}

/** {@link CachedOptions} once checked: durations in milliseconds, alternatives settled. */
export interface ResolvedCachedOptions {
  readonly ttlMs: (result: unknown) => number
  readonly budgetMs: number | undefined
  readonly tags: ((...args: Any[]) => readonly string[]) | undefined
}

/** @throws UsageError that names the option at fault. */
export function resolveCachedOptions(options: CachedOptions): ResolvedCachedOptions {
  const { ttl, nullTtl, unless, budget, tags, jitter, earlyRefresh } = options
  const fixedMs = typeof ttl === 'function' ? undefined : toMs(ttl, 'ttl')
  const nullMs = optionalMs(nullTtl, 'nullTtl')
  const budgetMs = optionalMs(budget, 'budget', 1)
  for (const name of SPANS) optionalMs(options[name], name)
  if (typeof jitter === 'string') toMs(jitter, 'jitter')
  if ((jitter as number) < 0 || (jitter as number) > 1) throw invalidOption('jitter', 'must be from 0 to 1')
  if (((earlyRefresh as EarlyRefreshOptions)?.beta as number) <= 0)
    throw invalidOption('earlyRefresh.beta', 'must be more than 0')
  return {
    ttlMs(result) {
      if (unless?.(result)) return 0
      if (nullMs !== undefined && (result === null || result === undefined)) return nullMs
      return fixedMs ?? toMs((ttl as (result: unknown) => Duration)(result), 'ttl')
    },
    budgetMs,
    tags: tags === undefined || typeof tags === 'function' ? tags : () => tags,
  }
}
