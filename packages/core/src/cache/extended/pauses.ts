import type { Values } from '../engine.js'
import { basisOf } from './basis.js'

/** The first pause after a failure, and the longest: each failure in a row doubles it. */
export const FIRST_PAUSE_MS = 1_000
export const MAX_PAUSE_MS = 30_000
/** How many keys may be paused at once. Beyond that the oldest is forgotten, and its method called again. */
const MAX_PAUSES = 1_000

/** What is known of a key whose load has failed. */
export interface Pause {
  readonly error: unknown
  readonly untilMs: number
  readonly failures: number
  readonly basis: string
}

/**
 * The keys of one function whose loads have failed, each with a pause before the next attempt. A pause ends early when
 * what the store holds is no longer what was there at the failure: it was evicted, or another process has loaded it.
 */
export interface Pauses {
  /** The pause that is on, if any. */
  find(key: string, values: Values | undefined): Pause | undefined
  /** @param grows whether each failure doubles the pause */
  failed(key: string, values: Values | undefined, error: unknown, grows: boolean): void
  succeeded(key: string): void
}

export function createPauses(monotonicMs: () => number): Pauses {
  const pauses = new Map<string, Pause>()
  return {
    find(key, values) {
      // Almost always empty, and then free of charge.
      const pause = pauses.size ? pauses.get(key) : undefined
      return pause && monotonicMs() < pause.untilMs && pause.basis === basisOf(values) ? pause : undefined
    },
    failed(key, values, error, grows) {
      const basis = basisOf(values)
      const last = pauses.get(key)
      const failures = last?.basis === basis ? last.failures + 1 : 1
      const pauseMs = grows ? Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), MAX_PAUSE_MS) : FIRST_PAUSE_MS
      pauses.delete(key)
      pauses.set(key, { error, untilMs: monotonicMs() + pauseMs, failures, basis })
      if (pauses.size > MAX_PAUSES) pauses.delete(pauses.keys().next().value as string)
    },
    succeeded(key) {
      if (pauses.size) pauses.delete(key)
    },
  }
}
