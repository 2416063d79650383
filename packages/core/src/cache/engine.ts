import type { UncacheableValueError } from '../errors/uncacheable-value-error.js'
import type { MissReason, StaleReason } from '../events/events.js'
import type { Slot } from '../keys/memo.js'
import { shared } from '../platform/shared.js'
import type { Serializer } from '../serialize/serializer.js'
import type { Context } from '../store/toolkit.js'
import { type Entry, readEntry } from './entry.js'
import { createFlights, type Flights } from './flights.js'
import type { Near } from './near/near.js'
import type { NearTicket } from './near/tier.js'
import type { CachedOptions } from './options.js'
import { createStamps, type Stamps } from './stamps.js'

/** What all calls of one cached function have in common. */
export interface Policy<Result> {
  readonly prefix: string
  readonly serializer: Serializer
  /** Milliseconds for which a result may be served; 0 for one that is not to be stored. */
  readonly ttlMs: (result: Result) => number
  /** For how many milliseconds beyond that the store keeps it, for readers who know to tell. @default 0 */
  readonly staleMs?: number
  /** The most milliseconds that the store may add to a call. */
  readonly budgetMs: number
  readonly onUncacheable: (error: UncacheableValueError) => void
  /** Those of the function, with the toolkit's defaults behind them, where there is a function. */
  readonly options?: CachedOptions
}

/** Where the result of one call lies. */
export interface Place<Result = unknown> {
  readonly policy: Policy<Result>
  readonly key: string
  /** The stamps that its entry must agree with: the namespace's, the prefix's, each tag's. */
  readonly stampKeys: readonly string[]
  /** The tags that readers cannot know, for the entry to carry. */
  readonly tags?: readonly string[]
}

/** A place, and how to get its result anew. */
export interface Request<Result> extends Place<Result> {
  readonly load: () => Promise<Result>
  /** Joins no load of another request any more: it waited for one already, in vain. */
  readonly alone?: boolean
  /** What is remembered of these arguments. */
  readonly slot?: Slot | undefined
  /** Takes the entry that a read or a load of this request brings, for the near tier. */
  readonly near?: NearTicket | undefined
}

/** What a read brought: the entry's text, and behind it the stamps. */
export type Values = readonly (string | null)[]

/** What the store holds at a place. */
export interface Lookup {
  readonly values: Values
  /** The entry, or why there is none that may be served. */
  readonly entry: Entry | MissReason
}

/** Counts since the toolkit began. */
export interface CacheStats {
  /** Calls that were served what is stored, its ttl not over. */
  hits: number
  /** Those of the hits that the near tier served. */
  nearHits: number
  /** Calls for which nothing usable was stored. */
  misses: number
  /** Calls that joined a load under way. */
  dedupes: number
  /** Calls that went on without the store because it failed. */
  fallbacks: number
  /** Calls that were answered with a result whose ttl had ended. */
  stales: number
}

/** Reads a result back from its payload; `text` is the whole entry at `key`. May be a Promise, and may throw. */
export type Decode = (serializer: Serializer, payload: string, text: string, key: string) => unknown

/**
 * What all cached functions of a toolkit share, so that an eviction by one sees the loads of all. What is done with it
 * lies in files of their own: `read-through`, `refresh`, `put`, `evict`.
 */
export interface Engine {
  readonly context: Context
  readonly flights: Flights
  readonly stamps: Stamps
  readonly stats: CacheStats
  decode: Decode
  /** There once a function with a near tier was called. */
  near?: Near
}

/** The one engine of a toolkit. */
export function engineOf(context: Context): Engine {
  const engines = shared('engines', () => new WeakMap<Context, Engine>())
  const known = engines.get(context)
  if (known) return known
  const engine: Engine = {
    context,
    flights: createFlights(context),
    stamps: createStamps(context.store),
    stats: { hits: 0, nearHits: 0, misses: 0, dedupes: 0, fallbacks: 0, stales: 0 },
    decode: (serializer, payload, _text, key) => serializer.deserialize(payload, key),
  }
  if (context.store.readNow) {
    import('./decoder.js').then(
      ({ createDecoder }) => {
        engine.decode = createDecoder()
      },
      () => {},
    )
  }
  engines.set(context, engine)
  return engine
}

/** What lies at a place, by one command. Rejects with `StoreError`. */
export function read({ context }: Engine, { key, stampKeys, policy }: Place<never>): Promise<(string | null)[]> {
  return context.store.read([key, ...stampKeys], policy.budgetMs)
}

/** Reads without loading. Rejects with `StoreError`. */
export async function look(engine: Engine, place: Place<never>): Promise<Lookup> {
  const values = await read(engine, place)
  return { values, entry: readEntry(values, engine.context.now()) }
}

/** Counts what became of a call, and tells it to those who listen. */
export function note(
  { stats, context }: Engine,
  { key, policy }: Place<never>,
  count: keyof CacheStats,
  event:
    | { type: 'hit' | 'dedupe' }
    | { type: 'miss'; reason: MissReason }
    | { type: 'stale'; reason: StaleReason; ageMs: number },
): void {
  stats[count]++
  if (context.events.active) context.events.emit({ ...event, prefix: policy.prefix, key })
}

/** The store failed, and the call goes on without it. */
export function fallBack({ stats, context }: Engine, prefix: string, error: unknown): void {
  stats.fallbacks++
  context.events.emit({ type: 'fallback', operation: 'cache', prefix, error })
}
