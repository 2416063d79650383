import type { Adapter } from './adapter/adapter.js'
import { memory } from './adapter/memory.js'
import type { CachedOptions } from './cache/options.js'
import { assertPositiveInteger, invalidOption } from './errors/usage-error.js'
import { createEmitter, type Emitter, type EventListener } from './events/events.js'
import { toNamespace } from './keys/layout.js'
import type { LimitRule, RateLimitOptions } from './limit/options.js'
import type { LockOptions } from './lock/options.js'
import { platform } from './platform/index.js'
import { defaultSerializer, type Serializer } from './serialize/serializer.js'
import { DEFAULT_BREAKER_FAILURES, DEFAULT_BREAKER_PAUSE_MS } from './store/breaker.js'
import { createStore, DEFAULT_BUDGET_MS } from './store/store.js'
import type { Context } from './store/toolkit.js'
import { type Duration, optionalMs } from './time/duration.js'

export const DEFAULT_NAMESPACE = 'larder'

/** What `createLarder` and `configure` can be told. */
export interface LarderOptions {
  /** Where everything is kept. @default `memory()`: embedded in this process, bounded */
  readonly adapter?: Adapter
  /**
   * The first part of every key: what keeps applications and stages apart that share a store. Not empty.
   * @default 'larder'
   */
  readonly namespace?: string
  /**
   * The clock, in milliseconds, for everything: what is stored, spans of time, the embedded adapter. Tests give a fake one.
   * @default `Date.now`, and a monotonic clock for spans of time
   */
  readonly now?: () => number
  /** Options for every function of a kind, behind those given there. */
  readonly defaults?: {
    readonly cached?: Partial<Omit<CachedOptions, 'prefix'>>
    readonly rateLimited?: Partial<Omit<RateLimitOptions, 'prefix' | 'limits' | keyof LimitRule>>
    readonly lock?: Omit<LockOptions, 'signal'>
  }
  /** The guard around the adapter. */
  readonly store?: {
    /** The most time that a store call may take. More than 0. @default what the adapter asks for: 250 ms over TCP, 1 s over HTTP */
    readonly budget?: Duration
    readonly breaker?: {
      /** How many failures in a row open it. An integer of 1 or more. @default 5 */
      readonly failures?: number
      /** How long it stays open before one call may try. @default '2s' */
      readonly pause?: Duration
    }
  }
  /** How results become text. @default plain JSON where that is exact, else superjson */
  readonly serializer?: Serializer
  /**
   * What a million commands cost, in any currency, for `spend()` to estimate with. A number of 0 or more.
   * @default none: `spend()` counts commands only
   */
  readonly price?: number
  /**
   * Keeps a request alive for work that goes on after its answer. Called in that request, with a promise that never
   * rejects; where there are several requests, it has to find the current one. `false` says that it could not. What it
   * throws becomes an event. Only for runtimes without a way that Larder finds by itself: Workers and Next.js have one.
   * @default that of the runtime
   * @example waitUntil: (promise) => requests.getStore()?.waitUntil(promise)
   */
  readonly waitUntil?: (promise: Promise<unknown>) => unknown
  /**
   * Whether the near tiers of other processes are told of evictions, by one command more each. For a process that evicts
   * what it does not read itself.
   * @default whether a function of this toolkit has a near tier
   */
  readonly announceEvictions?: boolean
  /**
   * Whether a function takes over from one of its name that has its prefix. After an edit, `next dev`, Vite and the like
   * evaluate a module again, and keep the package as it is. For development alone: two functions of one name with one
   * prefix go unnoticed then, and serve each other's results. What the code from before the edit has stored is still served.
   * @default false
   * @example hotReload: process.env.NODE_ENV === 'development'
   */
  readonly hotReload?: boolean
  /** Gets every event. The same as `events.on(…)` at once. */
  readonly onEvent?: EventListener
}

/**
 * Settles a toolkit's options.
 * @throws UsageError that names the option at fault.
 */
export function createContext(
  options: LarderOptions,
  events: Emitter = createEmitter(),
  claims: Map<string, object> = new Map(),
): Context {
  const { now = Date.now, namespace = DEFAULT_NAMESPACE, serializer = defaultSerializer } = options
  const adapter = options.adapter ?? memory({ now })
  if (typeof adapter.getMany !== 'function') throw invalidOption('adapter', 'must be an adapter')
  const { budget, breaker: { failures = DEFAULT_BREAKER_FAILURES, pause } = {} } = options.store ?? {}
  const { budgetMs = DEFAULT_BUDGET_MS } = adapter.capabilities
  const ownBudgetMs = optionalMs(budget, 'store.budget', 1)
  assertPositiveInteger(failures, 'store.breaker.failures')

  if (options.onEvent) events.on(options.onEvent)
  const monotonicMs = options.now ?? platform.monotonicMs
  return {
    namespace: toNamespace(namespace),
    events,
    serializer,
    options,
    claims,
    now,
    monotonicMs,
    store: createStore(adapter, {
      budgetMs: ownBudgetMs ?? budgetMs,
      maxFailures: failures,
      pauseMs: optionalMs(pause, 'store.breaker.pause') ?? DEFAULT_BREAKER_PAUSE_MS,
      monotonicMs,
      events,
    }),
  }
}
