import type { Emitter } from '../../events/events.js'
import { randomId } from '../../keys/random.js'
import type { CacheStats, Engine } from '../engine.js'
import { hasBus } from './announce.js'
import { connectToBus } from './bus.js'
import { createMarks, type Marks } from './marks.js'
import { revalidateByReads } from './revalidation.js'
import type { NearTier } from './tier.js'

/** What the near tiers of one toolkit have in common: by which news they hear of evictions, and until when to believe it. */
export interface Near {
  /** By which this process knows its own messages. */
  readonly id: string
  readonly now: () => number
  readonly events: Emitter
  readonly stats: CacheStats
  readonly marks: Marks
  /** Until when entries may be served, unless news comes: for ever while a bus brings it, and not at all without. */
  validUntilAtMs: number
  readonly news: News
  /** The near tiers, by the prefixes of their functions. */
  readonly tiers: Map<string, NearTier>
  /** Ends what depends on the names: an eviction by this process, which sees to its loads under way itself. */
  evict(keys: readonly string[], stampKeys: readonly string[]): void
  /** An eviction elsewhere: later callers do not join loads from before it either. */
  hear(names: readonly string[]): void
  /** Ends everything: evictions may have been missed. Reads under way are not kept either. */
  drop(): void
}

/** How a process hears of evictions in others. */
export interface News {
  /** Before a call asks for an entry. May make {@link Near.validUntilAtMs} true again, at once or in a while. */
  attend(budgetMs: number): void
  /**
   * Before a read of the store begins.
   * @returns what tells, when the read is over, whether to keep what it brought; `false` where it cannot be kept
   */
  beginRead(budgetMs: number): MayKeep | false
  /** Stops listening. Never rejects. */
  close(): Promise<void>
}

/**
 * Whether what a read brought may be kept.
 *
 * @param words what the entry carries for its stamps
 * @param isLive whether nothing that the read is about was evicted since it began
 */
export type MayKeep = (
  stampKeys: readonly string[],
  words: readonly string[],
  isLive: () => boolean,
) => boolean | Promise<boolean>

/** The mark that everything has. No key is empty. */
export const EVERYTHING = ''

/** The one of a toolkit, made by the first call of a function with a near tier. */
export function nearOf(engine: Engine): Near {
  engine.near ??= createNear(engine)
  return engine.near
}

function createNear(engine: Engine): Near {
  const { events, now, store } = engine.context
  const marks = createMarks()
  const near: Near = {
    id: randomId(),
    now,
    events,
    marks,
    stats: engine.stats,
    validUntilAtMs: Number.NEGATIVE_INFINITY,
    tiers: new Map(),
    evict(keys, stampKeys) {
      for (const key of keys) marks.end(key)
      for (const key of stampKeys) marks.end(key)
    },
    hear(names) {
      for (const name of names) marks.end(name)
      const isAbout = (name: string) => names.includes(name)
      // As `abandonFlights`, which is loaded at once by those who use it, and this is not.
      for (const flight of engine.flights.all()) {
        if (!isAbout(flight.key) && !flight.stampKeys.some(isAbout)) continue
        flight.abandoned = true
        engine.flights.end(flight)
      }
    },
    drop() {
      marks.end(EVERYTHING)
      for (const tier of near.tiers.values()) tier.clear()
    },
    get news() {
      return news
    },
  }
  const news = hasBus(store.adapter) ? connectToBus(engine, near) : revalidateByReads(engine, near)
  return near
}
