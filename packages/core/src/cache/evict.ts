import { namespaceStamp } from '../keys/layout.js'
import { randomId } from '../keys/random.js'
import type { Engine } from './engine.js'
import { writeTombstone } from './entry.js'
import type { Flight, Flights } from './flights.js'
import { STAMP_TTL_MS, TOMBSTONE_MS } from './lifetimes.js'
import type { CachedOptions } from './options.js'

/** A write that evicts: an entry's tombstone, or a new stamp. */
export interface Eviction {
  readonly key: string
  readonly ttlMs: number
  /** Another one for each try. */
  text(): string
  /** What is left to do when the store has it. */
  stored(): Promise<void>
}

const byTombstone = (engine: Engine, key: string): Eviction => ({
  key,
  ttlMs: TOMBSTONE_MS,
  text: () => writeTombstone(randomId()),
  stored: () => tellOthers(engine, [key], []),
})
const byStamp = (engine: Engine, key: string): Eviction => ({
  key,
  ttlMs: STAMP_TTL_MS,
  text: randomId,
  stored: () => tellOthers(engine, [], [key]),
})

/**
 * Evicts keys, and everything that carries one of the stamps: one command each, in one round trip. Resolves once the
 * store has it, and rejects with `StoreError` otherwise: then it is tried again before this process next reads or fills.
 */
export async function evict(engine: Engine, keys: readonly string[], stampKeys: readonly string[]): Promise<void> {
  const { context } = engine
  const { store, events, namespace } = context
  const evictions = [...keys.map((key) => byTombstone(engine, key)), ...stampKeys.map((key) => byStamp(engine, key))]
  abandon(engine, keys, stampKeys)
  try {
    await Promise.all(evictions.map(({ key, ttlMs, text }) => store.set(key, text(), { ttlMs })))
  } catch (error) {
    await import('./recovery.js').then(
      ({ retryLater }) => retryLater(context, evictions, byStamp(engine, namespaceStamp(namespace)), error),
      () => {},
    )
    throw error
  } finally {
    // Again for the loads that began while the store was being told: they may have read what is now evicted.
    abandon(engine, keys, stampKeys)
  }
  if (events.active) events.emit({ type: 'evict', keys: [...keys, ...stampKeys] })
  await tellOthers(engine, keys, stampKeys)
}

/** Tells the near tiers of other processes, where there may be any. Never rejects. */
export async function tellOthers(engine: Engine, keys: readonly string[], stampKeys: readonly string[]): Promise<void> {
  const { options, claims } = engine.context
  const defaults = options.defaults?.cached as CachedOptions | undefined
  if (!(options.announceEvictions ?? (claims.has('near') || defaults?.local))) return
  await import('./near/announce.js').then(
    ({ announce }) => announce(engine, keys, stampKeys),
    () => {},
  )
}

/** Keeps loads under way from being joined and stored, and forgets what this process holds. */
export function abandon({ flights, near }: Engine, keys: readonly string[], stampKeys: readonly string[]): void {
  near?.evict(keys, stampKeys)
  abandonFlights(flights, (at) => keys.includes(at.key) || stampKeys.some((key) => at.stampKeys.includes(key)))
}

/** Takes every load that `fits` off the board. */
export function abandonFlights(flights: Flights, fits: (flight: Flight) => boolean): void {
  for (const flight of flights.all()) {
    if (!fits(flight)) continue
    flight.abandoned = true
    flights.end(flight)
  }
}
