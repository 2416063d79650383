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
  /** Options for every decorator and function form of a kind, behind those given there. Typed in each room. */
  readonly defaults: { readonly cached?: object; readonly rateLimited?: object; readonly lock?: object }
  /** Money per million commands; `undefined` when nobody said. */
  readonly price: number | undefined
  /** {@link Toolkit.claims}. */
  readonly claims: ReadonlyMap<string, object>
  /** Whether evictions are announced to other processes; `undefined` where that follows from the claims. */
  readonly announces: boolean | undefined
  /** The wall clock, in milliseconds: for what other processes read. */
  readonly now: () => number
  /** The clock for spans of time in this process. */
  readonly monotonicMs: () => number
  /**
   * Takes work that goes on after the caller has its answer, such as a refresh. It may reject: that becomes an event.
   * Workers and hosts of Next.js keep the request alive for it; elsewhere `drain` waits for it, which `close` and the
   * wrapper of Lambda handlers call. Call it in the request whose work it is.
   * @returns whether the runtime sees the work through. If not, another request must not count on its outcome.
   */
  background(promise: Promise<unknown>): boolean
}

/**
 * A toolkit as its decorators hold it. They are applied while modules load, before the application has called
 * `configure`, so they ask for the context at the first call and not before.
 */
export interface Toolkit {
  context(): Context
  /** Who uses which prefix, by kind and prefix: see `decorate/identity.ts`. `near` is there once a function has a near tier. */
  readonly claims: Map<string, object>
}
