import { platform } from '../platform/index.js'
import type { Context } from '../store/toolkit.js'
import type { Values } from './engine.js'
import type { News } from './extended/news.js'

/**
 * The loads under way in this process, by key, so that concurrent callers share one. An eviction takes a
 * flight off the board: callers already aboard get its result, later ones do not, and it is not stored.
 */
export interface Flight {
  readonly key: string
  readonly stampKeys: readonly string[]
  /** Evicted since it began. */
  abandoned: boolean
  promise: Promise<unknown>
  /** Who may await `promise`: those who are in the same scope. See `Platform.scope`. */
  readonly scope: object | undefined
  /** When it last gave a sign of life to those in other scopes. See `follow.ts`. */
  aliveAtMs?: number
  /** What was loaded, for those in other scopes. */
  result?: readonly [unknown]
  /** What was read before it, where that is heeded. See `extended/loader.ts`. */
  values?: Values | undefined
  /** Joined by a call that has read something else, or nothing: it may have come after an eviction. */
  joinedLater?: boolean
  /** What was said last of another process' load of the key. See `extended/wakes.ts`. */
  news?: News
}

export interface Flights {
  find(key: string): Flight | undefined
  /** Begins a flight that later callers of `key` find, with what `fly` gives as its promise. */
  begin<Result>(place: Pick<Flight, 'key' | 'stampKeys'>, fly: (flight: Flight) => Promise<Result>): Promise<Result>
  end(flight: Flight): void
  /** Those on the board. */
  all(): Iterable<Flight>
}

export function createFlights(context: Context): Flights {
  const current = new Map<string, Flight>()
  return {
    find: (key) => current.get(key),
    begin({ key, stampKeys }, fly) {
      const scope = platform.scope()
      const flight = { key, stampKeys, abandoned: false, scope } as Flight
      current.set(key, flight)
      const promise = fly(flight)
      flight.promise = promise
      if (scope)
        import('./follow.js').then(
          ({ lead }) => lead(context, flight),
          () => {},
        )
      return promise
    },
    end(flight) {
      if (current.get(flight.key) === flight) current.delete(flight.key)
    },
    all: () => current.values(),
  }
}
