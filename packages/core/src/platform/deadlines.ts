import { shared } from './shared.js'

/** When an invocation must have answered, on the monotonic clock. */
export interface Deadline {
  readonly atMs: number
}

let found: Set<Deadline> | undefined

/** Of the invocations under way in this process. */
export function deadlines(): Set<Deadline> {
  found ??= shared('deadlines', () => new Set<Deadline>())
  return found
}

/** The earliest deadline counts: nothing tells which invocation a call belongs to, and there is rarely more than one. */
export function capByDeadlines(limitMs: number): number {
  let cappedMs = limitMs
  for (const { atMs } of deadlines()) cappedMs = Math.min(cappedMs, atMs - performance.now())
  return cappedMs
}
