import type { Emitter } from '../events/events.js'
import type { Serializer } from '../serialize/serializer.js'
import type { Store } from './store.js'

/** What the engines of one toolkit share, once its options are settled. */
export interface Context {
  /** As it stands in keys, colons escaped. */
  readonly namespace: string
  readonly store: Store
  readonly events: Emitter
  readonly serializer: Serializer
  /** As given: what is not settled before it is used. */
  readonly options: GivenOptions
  /** {@link Toolkit.claims}. */
  readonly claims: ReadonlyMap<string, object>
  /** The wall clock, in milliseconds: for what other processes read. */
  readonly now: () => number
  /** The clock for spans of time in this process. */
  readonly monotonicMs: () => number
}

/** The part of `LarderOptions` that engines read for themselves. */
export interface GivenOptions {
  /** Options for every decorator and function form of a kind, behind those given there. Typed in each room. */
  readonly defaults?: { readonly cached?: object; readonly rateLimited?: object; readonly lock?: object }
  /** Money per million commands. */
  readonly price?: number
  /** The application's own way to keep a request alive. */
  readonly waitUntil?: (promise: Promise<unknown>) => unknown
  /** Whether evictions are announced to other processes; `undefined` where that follows from the claims. */
  readonly announceEvictions?: boolean
}

/**
 * A toolkit as its decorators hold it. They are applied while modules load, before the application has called
 * `configure`, so they ask for the context at the first call and not before.
 */
export interface Toolkit {
  context(): Context
  /**
   * Who uses which prefix, by kind and prefix: see `decorate/identity.ts`. `near` is there once a function has a near tier,
   * `hot` where functions may take over from their namesakes.
   */
  readonly claims: Map<string, object>
}
