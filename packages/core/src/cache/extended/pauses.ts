import type { Values } from '../engine.js'
import { basisOf } from './basis.js'

/** The first pause after a failure, and the longest: each failure in a row doubles it. */
export const FIRST_PAUSE_MS = 1_000
export const MAX_PAUSE_MS = 30_000
/** How many keys may be paused at once. Beyond that the oldest is forgotten, and its method called again. */
const MAX_PAUSES = 1_000

/** Why a key is not to be loaded for a while. */
export interface Pause {
  /** Its load has failed, or another process has the lease. */
  readonly reason: 'pause' | 'leased'
  readonly error?: unknown
  readonly untilMs: number
  readonly failures: number
  readonly basis: string
}

/**
 * The keys of one function that are not to be loaded for a while: after a failure, and while another process loads. A
 * pause ends early when what the store holds is no longer what was there at its beginning: it was evicted, or another
 * process has loaded it.
 */
export interface Pauses {
  /** The pause that is on, if any. */
  find(key: string, values: Values | undefined): Pause | undefined
  /** @param grows whether each failure doubles the pause */
  failed(key: string, values: Values | undefined, error: unknown, grows: boolean): void
  /** @param forMs as long as its lease may last */
  leased(key: string, values: Values, forMs: number): void
  succeeded(key: string): void
}

export function createPauses(monotonicMs: () => number): Pauses {
  const pauses = new Map<string, Pause>()
  function put(key: string, pause: Pause): void {
    pauses.delete(key)
    pauses.set(key, pause)
    if (pauses.size > MAX_PAUSES) pauses.delete(pauses.keys().next().value as string)
  }
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
      put(key, { reason: 'pause', error, untilMs: monotonicMs() + pauseMs, failures, basis })
    },
    leased(key, values, forMs) {
      put(key, { reason: 'leased', untilMs: monotonicMs() + forMs, failures: 0, basis: basisOf(values) })
    },
    succeeded(key) {
      if (pauses.size) pauses.delete(key)
    },
  }
}
