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
import { UsageError } from './errors/usage-error.js'
import { createEmitter, type Emitter, type Events } from './events/events.js'
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
import { shared } from './platform/shared.js'
import { createSessionsForm, type SessionsForm } from './sessions/sessions.js'
import { createSpend, type Spend } from './spend.js'
import type { Context, Toolkit } from './store/toolkit.js'

interface DefaultState {
  options: LarderOptions
  /** The `configure` of the copy of the package that gave them. */
  configuredBy?: typeof configure
  context: Context | undefined
  readonly claims: Map<string, object>
  readonly events: Emitter
}
const state = () =>
  shared<DefaultState>('default', () => ({
    options: {},
    context: undefined,
    claims: new Map(),
    events: createEmitter(),
  }))

/** The toolkit behind the module-level exports: embedded memory, unless `configure` said otherwise before its first use. */
const toolkit: Toolkit = {
  get claims() {
    return state().claims
  },
  context() {
    const current = state()
    current.context ??= createContext(current.options, current.events, current.claims)
    return current.context
  },
}

/**
 * Sets up the toolkit behind the module-level decorators and functions. Once, before any of them is first called;
 * decorating does not count as a call, so it may come after your classes are defined.
 *
 * Where a process has the package in several copies, as servers made of several bundles do, each copy may say the same
 * again, and with `hotReload` anybody may: adapters are the same by their name, functions are not compared, and what was
 * said first stays.
 *
 * @throws UsageError `ERR_CONFIGURED_TOO_LATE` after the first use; otherwise, it names the option at fault.
 *
 * @example
 * configure({ adapter: tcp({ url: process.env.REDIS_URL }), namespace: 'shop' })
 */
export function configure(options: LarderOptions): void {
  const current = state()
  if (current.context) {
    const isAgain = current.options.hotReload || (current.configuredBy ?? configure) !== configure
    if (isAgain && textOf(options) === textOf(current.options)) return
    throw new UsageError('ERR_CONFIGURED_TOO_LATE', 'configure() must precede the first call, or use createLarder()')
  }
  // Bad options show here; what is made of good ones is thrown away, and nothing has been opened by it.
  createContext(options)
  current.options = options
  current.claims[options.hotReload ? 'set' : 'delete']('hot', options)
  current.configuredBy = configure
}

/** Options as far as two evaluations of one module agree on them. What cannot be written is like itself alone. */
function textOf(options: LarderOptions): unknown {
  try {
    return JSON.stringify(options, (key, value) => (key === 'adapter' ? value?.name : value))
  } catch {
    // A schema that refers to itself, for one.
    return options
  }
}

/** Caches what a function resolves to, in the default toolkit. See {@link CachedForm}. */
export const cached: CachedForm = /* @__PURE__ */ createCached(toolkit)
/** Caches what a method resolves to, in the default toolkit. See {@link CachedDecorator}. */
export const Cached: CachedDecorator = /* @__PURE__ */ createCachedDecorator(toolkit)
/** Caches each value of a function that loads many by their ids. See {@link CachedManyForm}. */
export const cachedMany: CachedManyForm = /* @__PURE__ */ createCachedMany(toolkit)
/** Caches each value of a method that loads many by their ids. See {@link CachedManyDecorator}. */
export const CachedMany: CachedManyDecorator = /* @__PURE__ */ createCachedManyDecorator(toolkit)
/** Stores what a method that writes resolves to. See {@link CachePutDecorator}. */
export const CachePut: CachePutDecorator = /* @__PURE__ */ createCachePut(toolkit)
/** Evicts after a method has succeeded. See {@link CacheEvictDecorator}. */
export const CacheEvict: CacheEvictDecorator = /* @__PURE__ */ createCacheEvict(toolkit)
/** The default toolkit's cache, by keys of your own. */
export const cache: Cache = /* @__PURE__ */ createCache(toolkit)
/** Lets a function run no more often than a rule allows. See {@link RateLimitedForm}. */
export const rateLimited: RateLimitedForm = /* @__PURE__ */ createRateLimited(toolkit)
/** Lets a method run no more often than a rule allows. See {@link RateLimitedDecorator}. */
export const RateLimited: RateLimitedDecorator = /* @__PURE__ */ createRateLimitedDecorator(toolkit)
/** A rate limit that answers without running anything. See {@link LimiterForm}. */
export const limiter: LimiterForm = /* @__PURE__ */ createLimiter(toolkit)
/** The default toolkit's locks. */
export const locks: Locks = /* @__PURE__ */ createLocks(toolkit)
/** Runs a function, or a method, while holding a lock. See {@link WithLock}. */
export const withLock: WithLock = /* @__PURE__ */ createWithLock(/* @__PURE__ */ createLocks(toolkit))
/** The default toolkit's messages between processes. */
export const bus: Bus = /* @__PURE__ */ createBus(toolkit)
/** Makes a function safe to call again. See {@link IdempotentForm}. */
export const idempotent: IdempotentForm = /* @__PURE__ */ createIdempotent(toolkit)
/** Makes a method safe to call again. See {@link IdempotentDecorator}. */
export const Idempotent: IdempotentDecorator = /* @__PURE__ */ createIdempotentDecorator(toolkit)
/** Makes sessions of a web application. See {@link SessionsForm}. */
export const createSessions: SessionsForm = /* @__PURE__ */ createSessionsForm(toolkit)
/**
 * The default toolkit's event stream. Listening does not count as its first use.
 *
 * @example
 * const stop = events.on((event) => {
 *   if (event.type === 'fallback') console.warn(event.operation, event.error)
 * })
 */
export const events: Events = { on: (listener) => state().events.on(listener) }
/**
 * How the default toolkit's adapter is, by a ping sent now. Never rejects, and takes no longer than `store.budget`.
 *
 * @example
 * const { ok } = await health()
 */
export const health: () => Promise<Health> = /* @__PURE__ */ createHealth(toolkit)
/**
 * Commands that the default toolkit has sent so far, and what they cost by `price`. Counts of this process alone.
 *
 * @example
 * const { http } = spend()
 * console.log(http?.commands, http?.cost)
 */
export const spend: () => Spend = /* @__PURE__ */ createSpend(toolkit)

/** Waits for the default toolkit's work behind answers. */
export const drain: Drain = /* @__PURE__ */ createDrain(toolkit)

/**
 * Drains the default toolkit, for five seconds at most, ends its subscriptions and closes its adapter. Idempotent, and
 * nothing where the toolkit was never used. Cached calls still answer afterwards, by running their functions.
 *
 * @example
 * process.on('SIGTERM', () => close())
 */
export async function close(): Promise<void> {
  if (state().context) await closeToolkit(toolkit)
}
