import { LarderError } from './larder-error.js'

/**
 * Why a store call failed:
 * - `timeout`: no answer within the budget; whether it took effect is unknown
 * - `unavailable`: the adapter rejected, so the store refused, dropped or never got the call
 * - `breaker-open`: not sent, because the calls before it failed
 * - `malformed`: an answer came, of a shape no store should give
 */
export type StoreFailure = 'timeout' | 'unavailable' | 'breaker-open' | 'malformed'

/**
 * The store behind an adapter failed. Cached calls never throw it: they run the method instead and emit `fallback`.
 * It reaches you from explicit invalidation (`cache.evictTags(…)`), as `cause` of a `LockStoreError`, and in events.
 */
export class StoreError extends LarderError {
  override readonly name = 'StoreError'
  /** `true` for an eviction that this process will try again before it next uses the store for its cache. */
  declare readonly willRetry?: boolean

  /** The adapter's name, such as `memory` or `tcp`. */
  declare readonly adapter: string
  /** The adapter method that failed, such as `getMany`. */
  declare readonly operation: string
  /** What became of the call. */
  declare readonly reason: StoreFailure

  constructor(adapter: string, operation: string, reason: StoreFailure, cause?: unknown) {
    super('ERR_STORE', `${adapter}.${operation}: ${reason}`, cause)
    Object.assign(this, { adapter, operation, reason })
  }
}
