import type { Any } from '../decorate/types.js'
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
   * The most time that the store may add to a call, over all its steps. More than 0.
   * @default the toolkit's: 250 ms over TCP, 1 s over HTTP
   */
  readonly budget?: Duration
}

/** {@link CachedOptions} once checked: durations in milliseconds, alternatives settled. */
export interface ResolvedCachedOptions {
  readonly ttlMs: (result: unknown) => number
  readonly budgetMs: number | undefined
  readonly tags: ((...args: Any[]) => readonly string[]) | undefined
}

/** @throws UsageError that names the option at fault. */
export function resolveCachedOptions(options: CachedOptions): ResolvedCachedOptions {
  const { ttl, nullTtl, unless, budget, tags } = options
  const fixedMs = typeof ttl === 'function' ? undefined : toMs(ttl, 'ttl')
  const nullMs = optionalMs(nullTtl, 'nullTtl')
  const budgetMs = optionalMs(budget, 'budget', 1)
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
