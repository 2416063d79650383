/** Where a fake clock stands at first, unless told otherwise: the beginning of 2025, in UTC. */
const DEFAULT_START_AT_MS = Date.UTC(2025, 0, 1)

/** A clock that moves only when told to. */
export interface FakeClock {
  /** The time, in milliseconds. Needs no `this`: it can be passed on as it is. */
  now(): number
  /** Moves the clock on. @param ms 0 or more */
  advance(ms: number): void
}

/**
 * A clock for tests of what depends on time: nothing waits.
 *
 * @param startMs the time at first, in milliseconds. @default the beginning of 2025
 *
 * @example
 * const clock = fakeClock()
 * const store = memory({ now: clock.now })
 * await store.set('greeting', 'hello', { ttlMs: 1_000 })
 * clock.advance(1_000)
 * await store.getMany(['greeting']) // [null]
 */
export function fakeClock(startMs: number = DEFAULT_START_AT_MS): FakeClock {
  let nowMs = startMs
  return {
    now: () => nowMs,
    advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`a clock does not go back: advance(${ms})`)
      nowMs += ms
    },
  }
}
