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
  readonly cached: CachedForm
  readonly Cached: CachedDecorator
  readonly cachedMany: CachedManyForm
  readonly CachedMany: CachedManyDecorator
  readonly CachePut: CachePutDecorator
  readonly CacheEvict: CacheEvictDecorator
  readonly cache: Cache
  readonly rateLimited: RateLimitedForm
  readonly RateLimited: RateLimitedDecorator
  readonly limiter: LimiterForm
  readonly locks: Locks
  readonly withLock: WithLock
  readonly bus: Bus
  readonly idempotent: IdempotentForm
  readonly Idempotent: IdempotentDecorator
  readonly createSessions: SessionsForm
  readonly events: Events
  /** How the adapter is. Never rejects. */
  health(): Promise<Health>
  /** Commands sent to the adapter so far, and what they cost by `price`. */
  spend(): Spend
  readonly drain: Drain
  /** Drains, for five seconds at most, ends all subscriptions and closes the adapter. Idempotent. */
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
