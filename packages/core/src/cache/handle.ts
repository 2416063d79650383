import type { Any, AsyncFunction } from '../decorate/types.js'
import { layers } from '../decorate/wrap.js'
import { UsageError } from '../errors/usage-error.js'
import type { MissReason } from '../events/events.js'
import { type CachedCall, callBehind } from './cached-call.js'
import { look } from './engine.js'
import { evict } from './evict.js'
import type { Prospect } from './extended/look.js'
import { fit } from './fit.js'
import { isExtended } from './reader.js'
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
  /**
   * What a call would serve without waiting for the function: the stored result, within `staleWhileRevalidate` a stale
   * one too; `undefined` when there is none. Nothing is refreshed by it. @throws StoreError
   */
  peek(...args: Parameters<F>): Promise<Awaited<ReturnType<F>> | undefined>
  /** The key in the store. @throws UsageError when an argument has no key, or `when` or `scope` bypass the cache. */
  keyOf(...args: Parameters<F>): string
  /** Evicts all results of this function, by one command. @throws StoreError */
  evictAll(): Promise<void>
  /** What a call would do now, and why. Sends one read, none where the near tier answers. When the store fails, it says so instead of rejecting. */
  explain(...args: Parameters<F>): Promise<Explanation>
}

/** The answer of `explain`. */
export interface Explanation {
  /** `undefined` where the call would bypass the cache. */
  readonly key: string | undefined
  /** `stale`: a result whose ttl has ended, and a refresh in the background. */
  readonly outcome: 'hit' | 'stale' | 'miss' | 'bypass' | 'fallback'
  /** Why nothing can be served; `undefined` where something can, or the cache is not asked. */
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
  const lookAhead = async (args: Any[]): Promise<(Prospect & { key: string }) | undefined> => {
    const wanted = cached.request(self, args)
    if (!wanted) return undefined
    const request = await fit(wanted)
    if (isExtended(request.policy.options)) {
      return { key: request.key, ...(await (await import('./extended/look.js')).lookAhead(cached.engine(), request)) }
    }
    const { entry } = await look(cached.engine(), request)
    const { key } = request
    const miss = (reason: MissReason): Prospect & { key: string } => ({
      key,
      outcome: 'miss',
      reason,
      commands: 2,
      clause: 'runs the function and stores its result',
    })
    if (typeof entry === 'string') return miss(entry)
    try {
      const value: unknown = await request.policy.serializer.deserialize(entry.payload, request.key)
      return { key, outcome: 'hit', value, commands: 1, clause: 'serves the stored result' }
    } catch {
      return miss('unreadable')
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
      return (await lookAhead(args))?.value as never
    },
    keyOf: (...args) => required(args).key,
    async evictAll() {
      await evict(cached.engine(), [], [cached.prefixStamp(self)])
    },
    async explain(...args) {
      try {
        const prospect = await lookAhead(args)
        if (!prospect) return unread('bypass', 'runs the function: `when` or `scope` bypass the cache')
        const { key, outcome, reason, commands, clause } = prospect
        return { key, outcome, reason, commands, summary: reason ? `${clause}: ${WORDS[reason]}` : clause }
      } catch (error) {
        if (error instanceof UsageError) throw error
        return unread('fallback', `runs the function: ${(error as Error).message}`)
      }
    },
  }
}

function unread(outcome: Explanation['outcome'], summary: string): Explanation {
  return { key: undefined, outcome, reason: undefined, commands: 0, summary }
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
