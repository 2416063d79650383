/** Of how many keys it is known when they were changed last. */
const MAX_KEYS = 1_000

/**
 * Which counters were changed by hand lately, by any limiter of this process: what was answered before says nothing of
 * them any more. Shared by all limiters of a store, since those of one prefix, algorithm and window share their counters.
 */
export interface Changes {
  /** A point in time. */
  now(): number
  note(keys: readonly string[]): void
  /** Whether one of the keys was changed after that point. What is remembered no longer counts as changed. */
  since(point: number, keys: readonly string[]): boolean
}

export function createChanges(): Changes {
  const changedAt = new Map<string, number>()
  let count = 0
  let forgotten = 0
  return {
    now: () => count,
    note(keys) {
      count++
      for (const key of keys) {
        changedAt.delete(key)
        changedAt.set(key, count)
      }
      while (changedAt.size > MAX_KEYS) {
        const [oldest, at] = changedAt.entries().next().value as [string, number]
        changedAt.delete(oldest)
        forgotten = at
      }
    },
    since: (point, keys) => keys.some((key) => (changedAt.get(key) ?? forgotten) > point),
  }
}
