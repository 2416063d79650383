import { type Bus, createBus } from './bus/bus.js'
import { type Cache, createCache } from './cache/cache.js'
import { type CacheEvictDecorator, createCacheEvict } from './cache/cache-evict.js'
import { type CachePutDecorator, createCachePut } from './cache/cache-put.js'
import { type CachedDecorator, type CachedForm, createCached, createCachedDecorator } from './cache/cached.js'
import {
  type CachedManyDecorator,
  type CachedManyForm,
  createCachedMany,
  createCachedManyDecorator,
} from './cache/many/cached-many.js'
import { closeToolkit, createDrain, type Drain } from './drain.js'
import type { Events } from './events/events.js'
import { createHealth, type Health } from './health.js'
import {
  createIdempotent,
  createIdempotentDecorator,
  type IdempotentDecorator,
  type IdempotentForm,
} from './idempotent/idempotent.js'
import { createLimiter, type LimiterForm } from './limit/limiter.js'
import {
  createRateLimited,
  createRateLimitedDecorator,
  type RateLimitedDecorator,
  type RateLimitedForm,
} from './limit/rate-limited.js'
import { createLocks, type Locks } from './lock/locks.js'
import { createWithLock, type WithLock } from './lock/with-lock.js'
import { createContext, type LarderOptions } from './options.js'
import { createSessionsForm, type SessionsForm } from './sessions/sessions.js'
import { createSpend, type Spend } from './spend.js'
import type { Toolkit } from './store/toolkit.js'

/** An independent toolkit: its own adapter, namespace, prefixes, counts and events. */
export interface Larder {
  /** Caches what a function resolves to. */
  readonly cached: CachedForm
  /** Caches what a method resolves to. */
  readonly Cached: CachedDecorator
  /** Caches each value of a function that loads many by their ids. */
  readonly cachedMany: CachedManyForm
  /** Caches each value of a method that loads many by their ids. */
  readonly CachedMany: CachedManyDecorator
  /** Stores what a method that writes resolves to. */
  readonly CachePut: CachePutDecorator
  /** Evicts after a method has succeeded. */
  readonly CacheEvict: CacheEvictDecorator
  /** The cache by keys of your own, and evictions. */
  readonly cache: Cache
  /** Lets a function run no more often than a rule allows. */
  readonly rateLimited: RateLimitedForm
  /** Lets a method run no more often than a rule allows. */
  readonly RateLimited: RateLimitedDecorator
  /** A rate limit that answers without running anything. */
  readonly limiter: LimiterForm
  /** Locks by name. */
  readonly locks: Locks
  /** Runs a function, or a method, while holding a lock. */
  readonly withLock: WithLock
  /** Messages between processes. */
  readonly bus: Bus
  /** Makes a function safe to call again. */
  readonly idempotent: IdempotentForm
  /** Makes a method safe to call again. */
  readonly Idempotent: IdempotentDecorator
  /** Makes sessions of a web application. */
  readonly createSessions: SessionsForm
  /** What happens, as it happens. */
  readonly events: Events
  /** How the adapter is, by a ping sent now. Never rejects, and takes no longer than `store.budget`. */
  health(): Promise<Health>
  /** Commands sent to the adapter so far, and what they cost by `price`. */
  spend(): Spend
  /** Waits for work behind answers. */
  readonly drain: Drain
  /**
   * Drains, for five seconds at most, ends all subscriptions and closes the adapter. Idempotent. Cached calls still answer
   * afterwards, by running their functions.
   */
  close(): Promise<void>
}

/**
 * Makes an independent toolkit. Two toolkits with one store, namespace and prefix share their entries, counters and
 * locks: that is how processes do.
 *
 * @throws UsageError that names the option at fault.
 *
 * @example
 * const { Cached, cache } = createLarder({ adapter: memory(), namespace: 'shop' })
 */
export function createLarder(options: LarderOptions = {}): Larder {
  const claims = new Map<string, object>()
  if (options.hotReload) claims.set('hot', options)
  const context = createContext(options, undefined, claims)
  const toolkit: Toolkit = { context: () => context, claims }
  const locks = createLocks(toolkit)
  return {
    cached: createCached(toolkit),
    Cached: createCachedDecorator(toolkit),
    cachedMany: createCachedMany(toolkit),
    CachedMany: createCachedManyDecorator(toolkit),
    CachePut: createCachePut(toolkit),
    CacheEvict: createCacheEvict(toolkit),
    cache: createCache(toolkit),
    rateLimited: createRateLimited(toolkit),
    RateLimited: createRateLimitedDecorator(toolkit),
    limiter: createLimiter(toolkit),
    locks,
    withLock: createWithLock(locks),
    bus: createBus(toolkit),
    idempotent: createIdempotent(toolkit),
    Idempotent: createIdempotentDecorator(toolkit),
    createSessions: createSessionsForm(toolkit),
    events: context.events,
    health: createHealth(toolkit),
    spend: createSpend(toolkit),
    drain: createDrain(toolkit),
    close: () => closeToolkit(toolkit),
  }
}
