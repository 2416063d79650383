import { platform } from '../../platform/index.js'
import type { Values } from '../engine.js'
import { basisOf } from './basis.js'

/** After how long a refresh counts as lost that runs where requests end without notice. */
const MAX_TRUST_MS = 30_000

export interface Refresh {
  readonly promise: Promise<unknown>
  /** Told whether the runtime sees the refresh through, even when the request that began it is over. */
  trust(seenThrough: boolean): void
}

/**
 * The refreshes of stored results under way in this process: one for each key. What a caller may share is one that began
 * from what the caller has read too; then nothing was evicted in between.
 */
export interface Refreshes {
  /** Whether another one would be one too many. */
  isUnderWay(key: string, values: Values): boolean
  /** One whose outcome the caller may wait for. */
  find(key: string, values: Values): Refresh | undefined
  begin(key: string, values: Values, refresh: () => Promise<unknown>): Refresh
}

interface Entry extends Refresh {
  readonly basis: string
  readonly startedMs: number
  /** Where promises may not be shared between requests: the request's. */
  readonly scope: object | undefined
  trusted: boolean
}

export function createRefreshes(monotonicMs: () => number): Refreshes {
  const current = new Map<string, Entry>()

  const from = (key: string, values: Values) => {
    const entry = current.size ? current.get(key) : undefined
    return entry?.basis === basisOf(values) ? entry : undefined
  }

  return {
    isUnderWay(key, values) {
      const entry = from(key, values)
      if (!entry) return false
      return entry.scope === platform.scope() || (entry.trusted && monotonicMs() - entry.startedMs < MAX_TRUST_MS)
    },
    find(key, values) {
      const entry = from(key, values)
      return entry && entry.scope === platform.scope() ? entry : undefined
    },
    begin(key, values, refresh) {
      const promise = refresh().finally(() => {
        if (current.get(key) === entry) current.delete(key)
      })
      const entry: Entry = {
        promise,
        basis: basisOf(values),
        startedMs: monotonicMs(),
        scope: platform.scope(),
        trusted: false,
        trust(seenThrough) {
          entry.trusted = seenThrough
        },
      }
      current.set(key, entry)
      return entry
    },
  }
}
