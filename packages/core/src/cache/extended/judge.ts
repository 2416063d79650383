import type { MissReason } from '../../events/events.js'
import type { Values } from '../engine.js'
import { type Entry, KEPT, type Loaded, parse, readEntry } from '../entry.js'
import { isLease } from './lease.js'
import type { Plan } from './plan.js'

/**
 * What may be done with the entry that a read brought:
 * - `fresh`: serve it
 * - `early`: serve it, and refresh it in the background although its ttl has not ended
 * - `stale`: serve it, and refresh it in the background
 * - `kept`: load, and serve it if that fails or takes too long
 */
export interface Judged extends Entry, Loaded {
  readonly state: 'fresh' | 'early' | 'stale' | 'kept'
  /** Milliseconds since its ttl ended; negative before. */
  readonly ageMs: number
}

/** Judges an entry by its age, or says why there is none that may be served. */
export function judge(values: Values, plan: Plan, nowMs: number): Judged | MissReason {
  const text = values[0] as string
  if (isLease(text)) return 'leased'
  const entry = readEntry(values, 0)
  if (typeof entry === 'string') return entry
  const loaded = { freshUntilAtMs: parse(text, 1, 10), loadMs: parse(text, 10, 16) }
  // One that the store drops when its ttl ends is fresh as long as it is there, whatever the clock of this machine says.
  const ageMs = text[0] === KEPT ? nowMs - loaded.freshUntilAtMs : Math.min(-1, nowMs - loaded.freshUntilAtMs)
  const state = stateOf(loaded, ageMs, plan, nowMs)
  return state ? { ...entry, ...loaded, state, ageMs } : 'expired'
}

function stateOf(loaded: Loaded, ageMs: number, plan: Plan, nowMs: number): Judged['state'] | undefined {
  if (ageMs < 0) return plan.isEarly?.(loaded, nowMs) ? 'early' : 'fresh'
  if (ageMs < plan.revalidateMs) return 'stale'
  return ageMs < plan.errorMs ? 'kept' : undefined
}
