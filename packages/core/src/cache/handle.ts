import type { Any, AsyncFunction } from '../decorate/types.js'
import { layers } from '../decorate/wrap.js'
import { UsageError } from '../errors/usage-error.js'
import type { MissReason } from '../events/events.js'
import { type CachedCall, callBehind } from './cached-call.js'
import { look } from './engine.js'
import { evict } from './evict.js'
import { fit } from './fit.js'
import { refresh } from './refresh.js'

/** What can be done to the cached results of one function. `args` are always those of a call. */
export interface CacheHandle<F extends AsyncFunction = AsyncFunction> {
  /**
   * Evicts the result for these arguments. Loads under way are not stored and not joined by later callers.
   * Resolves once the store has it.
   * @throws StoreError; UsageError when `when` or `scope` bypass the cache for these arguments
   */
  evict(...args: Parameters<F>): Promise<void>
  /** Runs the function, whatever is stored, and stores its result. When the store fails, the result comes all the same. */
  refresh(...args: Parameters<F>): Promise<Awaited<ReturnType<F>>>
  /** The stored result, or `undefined` when there is none, without running the function. @throws StoreError */
  peek(...args: Parameters<F>): Promise<Awaited<ReturnType<F>> | undefined>
  /** The key in the store. @throws UsageError when an argument has no key, or `when` or `scope` bypass the cache. */
  keyOf(...args: Parameters<F>): string
  /** Evicts all results of this function, by one command. @throws StoreError */
  evictAll(): Promise<void>
  /** What a call would do now, and why. Sends one read. When the store fails, it says so instead of rejecting. */
  explain(...args: Parameters<F>): Promise<Explanation>
}

/** The answer of `explain`. */
export interface Explanation {
  /** `undefined` where the call would bypass the cache. */
  readonly key: string | undefined
  readonly outcome: 'hit' | 'miss' | 'bypass' | 'fallback'
  readonly reason: MissReason | undefined
  /** Commands that the call would send, if the tags were seen before. */
  readonly commands: number
  /** The above as a sentence. */
  readonly summary: string
}

const WORDS: Record<MissReason, string> = {
  absent: 'nothing is stored',
  evicted: 'it was evicted',
  stamp: 'a tag, the prefix or the namespace was evicted',
  unreadable: 'what is stored cannot be read',
  schema: 'what is stored does not fit `schema`',
  expired: 'its ttl has ended',
  leased: 'another process is loading it',
}

export function createHandle(cached: CachedCall, self: unknown): CacheHandle {
  const required = (args: Any[]) => {
    const request = cached.request(self, args)
    if (!request) {
      throw new UsageError(
        'ERR_UNCACHEABLE_ARGUMENT',
        'these arguments bypass the cache, by `when` or `scope`: no entry is theirs',
      )
    }
    return request
  }
  const read = async (args: Any[]) => {
    const wanted = cached.request(self, args)
    if (!wanted) return undefined
    const request = await fit(wanted)
    const { entry } = await look(cached.engine(), request)
    if (typeof entry === 'string') return { request, reason: entry }
    try {
      return { request, value: await request.policy.serializer.deserialize(entry.payload, request.key) }
    } catch (error) {
      return { request, reason: (await import('./schema.js')).missReason(error) }
    }
  }
  return {
    async evict(...args) {
      await evict(cached.engine(), [required(args).key], [])
    },
    async refresh(...args) {
      const request = cached.request(self, args)
      return request ? refresh(cached.engine(), request) : cached.run(self, args)
    },
    async peek(...args) {
      return (await read(args))?.value as never
    },
    keyOf: (...args) => required(args).key,
    async evictAll() {
      await evict(cached.engine(), [], [cached.prefixStamp(self)])
    },
    async explain(...args) {
      const explained = (
        outcome: Explanation['outcome'],
        commands: number,
        summary: string,
        key?: string,
        reason?: MissReason,
      ) => ({ key, outcome, reason, commands, summary })
      try {
        const found = await read(args)
        if (!found) return explained('bypass', 0, 'runs the function: `when` or `scope` bypass the cache')
        const { request, reason } = found
        if (!reason) return explained('hit', 1, 'serves the stored result', request.key)
        return explained('miss', 2, `runs the function and stores its result: ${WORDS[reason]}`, request.key, reason)
      } catch (error) {
        if (error instanceof UsageError) throw error
        return explained('fallback', 0, `runs the function: ${(error as Error).message}`)
      }
    },
  }
}

/**
 * The handle of a decorated method, typed by that method.
 *
 * @param target the instance, or the class for a static method
 * @throws UsageError (`ERR_NOT_CACHED`) when the method is not cached
 *
 * @example
 * await cacheOf(catalog, 'product').evict('p1')
 */
export function cacheOf<Target extends object, Name extends keyof Target>(
  target: Target,
  name: Name,
): Target[Name] extends AsyncFunction ? CacheHandle<Target[Name]> : never {
  for (const layer of layers(target[name])) {
    const call = callBehind(layer)
    if (call) return createHandle(call, target) as never
  }
  throw new UsageError('ERR_NOT_CACHED', `\`${String(name)}\` is not cached: decorate it with @Cached`, 'name')
}
