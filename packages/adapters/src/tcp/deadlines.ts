import type { Timers } from '@larder/core'

interface Deadline {
  readonly callback: () => void
  readonly dueMs: number
  // Neighbours in the ring of those with as much time: `older` is due before this one.
  older: Deadline
  newer: Deadline
}

/**
 * Time limits for calls of which hardly one ever reaches its own: one timer of the runtime for all that have as much time,
 * set by the first, which looks at the oldest whenever it fires. A call joins a ring, and leaves it when it is answered.
 * (`setTimeout` would make such a list anew for each call that is alone, at a twentieth of a round trip.)
 *
 * Nothing here keeps the process alive: a command under way does.
 */
export function createDeadlines(): Timers {
  /** By milliseconds, where the ring begins and ends: its `newer` is the oldest, its `older` the newest. */
  const rings = new Map<number, Deadline>()

  function open(ms: number): Deadline {
    const ends = {} as Deadline
    ends.older = ends.newer = ends
    rings.set(ms, ends)
    lookIn(ms, ms, ends)
    return ends
  }

  function lookIn(pauseMs: number, ms: number, ends: Deadline): void {
    const timer: { unref?(): unknown } = setTimeout(look, pauseMs, ms, ends)
    // Where tests are given the timers of a page, those are numbers.
    timer.unref?.()
  }

  function look(ms: number, ends: Deadline): void {
    const nowMs = performance.now()
    while (ends.newer !== ends && ends.newer.dueMs <= nowMs) {
      const due = ends.newer
      leave(due)
      due.callback()
    }
    if (ends.newer === ends) rings.delete(ms)
    else lookIn(ends.newer.dueMs - nowMs, ms, ends)
  }

  return {
    setTimeout(callback, ms) {
      const ends = rings.get(ms) ?? open(ms)
      const deadline: Deadline = { callback, dueMs: performance.now() + ms, older: ends.older, newer: ends }
      ends.older.newer = deadline
      ends.older = deadline
      return deadline
    },
    clearTimeout(timer) {
      if (timer) leave(timer as Deadline)
    },
  }
}

/** Idempotent. */
function leave(deadline: Deadline): void {
  const { older, newer } = deadline
  older.newer = newer
  newer.older = older
  deadline.older = deadline.newer = deadline
}
