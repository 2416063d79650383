import type { StoreError } from '../errors/store-error.js'
import type { UncacheableValueError } from '../errors/uncacheable-value-error.js'

/** What a toolkit tells of itself, as it happens. `key` is always the key in the store. */
export type LarderEvent =
  /** A cached value was served: by the store, or by the near tier without asking the store. */
  | { readonly type: 'hit'; readonly prefix: string; readonly key: string; readonly tier?: 'near' }
  /** Nothing usable was stored: absent, evicted, outdated by a stamp, not readable, or no fit for `schema`. */
  | { readonly type: 'miss'; readonly prefix: string; readonly key: string; readonly reason: MissReason }
  /** A result was served `ageMs` after its ttl had ended. */
  | {
      readonly type: 'stale'
      readonly prefix: string
      readonly key: string
      readonly reason: StaleReason
      readonly ageMs: number
    }
  /**
   * A refresh that no caller waited for is over: of a `stale` result, or of one whose ttl was about to end. `error` is
   * what the method rejected with; its `fill` tells the rest.
   */
  | {
      readonly type: 'refresh'
      readonly prefix: string
      readonly key: string
      readonly reason: 'stale' | 'early'
      readonly error?: unknown
    }
  /** This process asked for the lease to load for all processes: it got it, or another has it. */
  | { readonly type: 'lease'; readonly prefix: string; readonly key: string; readonly taken: boolean }
  /** A call joined a load already under way in this process. */
  | { readonly type: 'dedupe'; readonly prefix: string; readonly key: string }
  /**
   * A load ended. `stored: false` when its value did not get into the store: an eviction came in between, the ttl is 0,
   * it cannot be stored, it took too long, or the store failed.
   */
  | {
      readonly type: 'fill'
      readonly prefix: string
      readonly key: string
      readonly stored: boolean
      readonly loadMs: number
    }
  /** Entries were evicted: by key, by tag, or all of a prefix or namespace. */
  | { readonly type: 'evict'; readonly keys: readonly string[] }
  /** A result came that cannot be stored. Reported once per method. */
  | { readonly type: 'uncacheable'; readonly prefix: string; readonly error: UncacheableValueError }
  /**
   * The store failed and the call went on without it. `error` says how it failed: a `StoreError`, or what loading code on
   * need failed with.
   */
  | {
      readonly type: 'fallback'
      /** `bus`: other processes were not told of an eviction, or their evictions are not heard. */
      readonly operation: 'cache' | 'limit' | 'evict' | 'idempotent' | 'bus'
      readonly prefix: string
      readonly error: unknown
    }
  /** A rate limit refused a call. */
  | { readonly type: 'denied'; readonly prefix: string; readonly key: string; readonly retryAfterMs: number }
  | { readonly type: 'lockAcquired'; readonly key: string; readonly waitedMs: number }
  | { readonly type: 'lockReleased'; readonly key: string }
  /** The time of a held lock ran out, or another took it. */
  | { readonly type: 'lockLost'; readonly key: string }
  /** A release failed. The lock frees itself when its time to live ends. */
  | { readonly type: 'lockReleaseFailed'; readonly key: string; readonly error: unknown }
  /**
   * A call to the store ended. `commands` were sent for it, a retry included. `error` says how it failed. Not for calls
   * that the breaker refused, nor for the embedded adapter: they send nothing.
   */
  | {
      readonly type: 'spend'
      readonly adapter: string
      readonly operation: string
      readonly commands: number
      readonly durationMs: number
      readonly error?: unknown
    }
  /** Work that nobody waited for failed, such as a refresh after the answer. */
  | { readonly type: 'backgroundFailed'; readonly error: unknown }
  /**
   * The connection behind a subscription broke, and messages may be missed from here on; or messages arrive again.
   * `channels` are as in the store.
   */
  | { readonly type: 'bus'; readonly state: 'disconnected' | 'reconnected'; readonly channels: readonly string[] }
  /** A listener of the bus threw or rejected, or the message could not be read and never reached it. */
  | { readonly type: 'listenerFailed'; readonly channel: string; readonly error: unknown }
  /** The circuit breaker around the store changed state. */
  | { readonly type: 'breaker'; readonly adapter: string; readonly state: BreakerState; readonly error?: StoreError }

/** `expired`: its ttl and all windows have ended. `leased`: another process is loading it. */
export type MissReason = 'absent' | 'evicted' | 'stamp' | 'unreadable' | 'schema' | 'expired' | 'leased'
/**
 * Why a stale result was served: its refresh goes on in the `background`, the load is `slow` or `failed`, no load is
 * tried in the `pause` after a failure, or another process is loading (`leased`).
 */
export type StaleReason = 'background' | 'slow' | 'failed' | 'pause' | 'leased'
/** `open`: calls fail at once. `half-open`: one may try. */
export type BreakerState = 'closed' | 'open' | 'half-open'
/** Is called synchronously; what it throws is dropped. */
export type EventListener = (event: LarderEvent) => void

/** The event stream of one toolkit. */
export interface Events {
  /**
   * Calls `listener` with every event from now on, synchronously. What it throws is dropped: watching must not change
   * what is watched.
   * @returns a function that stops it.
   */
  on(listener: EventListener): () => void
}

/** The side of the stream that engines write to. */
export interface Emitter extends Events {
  /** Whether anybody listens. Engines ask before they build an event: the hit path must not pay for silence. */
  readonly active: boolean
  emit(event: LarderEvent): void
}

export function createEmitter(): Emitter {
  const listeners = new Set<EventListener>()
  return {
    get active() {
      return listeners.size > 0
    },
    on(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    emit(event) {
      for (const listener of listeners) {
        try {
          listener(event)
        } catch {
          // See `on`.
        }
      }
    },
  }
}
