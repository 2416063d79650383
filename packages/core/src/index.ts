export type {
  Adapter,
  CallOptions,
  Capabilities,
  Channels,
  Listener,
  SetOptions,
  Subscription,
  Timers,
} from './adapter/adapter.js'
export { assertTtl, type MemoryOptions, memory } from './adapter/memory.js'
export type { Script, ScriptView } from './adapter/script.js'
export type { Bus, BusListener, BusSubscribeOptions, BusSubscription } from './bus/bus.js'
export type { Cache, StoreOptions } from './cache/cache.js'
export type { CacheEvictDecorator, CacheEvictOptions } from './cache/cache-evict.js'
export type { CachePutDecorator } from './cache/cache-put.js'
export type { CachedDecorator, CachedForm, CachedFunction } from './cache/cached.js'
export { type CurrentLoad, currentLoad } from './cache/current-load.js'
export type { CacheStats } from './cache/engine.js'
export { type CacheHandle, cacheOf, type Explanation } from './cache/handle.js'
export type { CachedManyDecorator, CachedManyForm, CachedManyFunction } from './cache/many/cached-many.js'
export { type CacheManyHandle, cacheManyOf } from './cache/many/handle.js'
export type { CachedManyOptions, ManyId } from './cache/many/options.js'
export type { ManyFunction } from './cache/many/types.js'
export type { CachedOptions, EarlyRefreshOptions, LocalOptions, Ttl } from './cache/options.js'
export type { Schema, SchemaIssue, SchemaResult } from './cache/schema.js'
export type { AsyncFunction, AsyncMethodDecorator } from './decorate/types.js'
export {
  bus,
  Cached,
  CachedMany,
  CacheEvict,
  CachePut,
  cache,
  cached,
  cachedMany,
  close,
  configure,
  createSessions,
  drain,
  events,
  health,
  Idempotent,
  idempotent,
  limiter,
  locks,
  RateLimited,
  rateLimited,
  spend,
  withLock,
} from './default.js'
export type { Drain, DrainOptions } from './drain.js'
export type { ErrorCode } from './errors/codes.js'
export { IdempotencyConflictError, IdempotencyMismatchError } from './errors/idempotency-errors.js'
export { isLarderError, LarderError } from './errors/larder-error.js'
export { LockBusyError, LockLostError, LockStoreError } from './errors/lock-errors.js'
export { type PoolCounts, PoolExhaustedError } from './errors/pool-exhausted-error.js'
export { RateLimitedError } from './errors/rate-limited-error.js'
export { ReplyError } from './errors/reply-error.js'
export { StoreError, type StoreFailure } from './errors/store-error.js'
export { UncacheableValueError } from './errors/uncacheable-value-error.js'
export { UsageError } from './errors/usage-error.js'
export type { BreakerState, EventListener, Events, LarderEvent, MissReason, StaleReason } from './events/events.js'
export type { AdapterHealth, Health } from './health.js'
export type { IdempotentDecorator, IdempotentForm } from './idempotent/idempotent.js'
export type { IdempotentOptions } from './idempotent/options.js'
export { escapeGlob } from './keys/escape-glob.js'
export { createLarder, type Larder } from './larder.js'
export { type ClientIpOptions, type ClientRequest, clientIp, type ProxyTrust } from './limit/client-ip.js'
export { type RateLimitHeaderOptions, rateLimitHeaders } from './limit/headers.js'
export type { CheckOptions, Limiter, LimiterForm, WaitOptions } from './limit/limiter.js'
export type {
  KeyList,
  LimiterOptions,
  LimiterSettings,
  LimitRule,
  LimitRules,
  RateLimitOptions,
} from './limit/options.js'
export type { Algorithm, LimitOutcome, Policy, PolicyState } from './limit/outcome.js'
export type { RateLimitedDecorator, RateLimitedForm } from './limit/rate-limited.js'
export { type ProxyResult, tooManyRequests, tooManyRequestsResult } from './limit/too-many-requests.js'
export type { LockKey } from './lock/kind.js'
export type { Lock } from './lock/lock.js'
export type { Locks } from './lock/locks.js'
export type { LockOptions } from './lock/options.js'
export type { LockBody, WithLock } from './lock/with-lock.js'
export type { LarderOptions } from './options.js'
export { type CompressedOptions, compressed } from './serialize/compressed.js'
export type { CompressionFormat } from './serialize/deflate.js'
export { type EncryptedOptions, type EncryptionKey, encrypted } from './serialize/encrypted.js'
export { defaultSerializer, type Serializer } from './serialize/serializer.js'
export type { Session, Sessions, SessionsForm, SessionsOptions } from './sessions/sessions.js'
export type { AdapterSpend, Spend } from './spend.js'
export { type Duration, toMs } from './time/duration.js'
