import { decorate } from '../decorate/decorate.js'
import { runAsync } from '../decorate/run-async.js'
import type { Any, AsyncMethodDecorator } from '../decorate/types.js'
import { wrapAs } from '../decorate/wrap.js'
import { UsageError } from '../errors/usage-error.js'
import { canonical } from '../keys/canonical.js'
import { assertPrefix, entryKey, prefixStamp } from '../keys/layout.js'
import type { Toolkit } from '../store/toolkit.js'
import { tagKeys } from './cached-call.js'
import { engineOf } from './engine.js'
import { evict } from './evict.js'

/** What `@CacheEvict` evicts. At least one of `tags` and `prefix`. Every callback gets the method's arguments and `this`. */
export interface CacheEvictOptions<Args extends Any[] = Any[]> {
  /** Everything under these tags. */
  readonly tags?: readonly string[] | ((...args: Args) => readonly string[])
  /** Everything that the cached method of this prefix has stored; with `key`, one entry of it. */
  readonly prefix?: string
  /** The entry's own part: the single argument of the cached method, or what its `key` gives. */
  readonly key?: (...args: Args) => unknown
}

/** The type of `@CacheEvict`. */
export interface CacheEvictDecorator {
  /**
   * Evicts after the method has succeeded, and before its caller gets the result. A method that rejects evicts nothing.
   *
   * When the store fails, the result comes all the same, with a `fallback` event. This process serves nothing of what
   * should have been evicted, and tries again; others may serve it until that gets through. To know for certain, call
   * `cache.evictTags(…)`, which rejects.
   *
   * @throws UsageError without `tags` and `prefix`, and when the position is wrong
   *
   * @example
   * ```ts
   * class Catalog {
   *   @CacheEvict({ tags: (product: Product) => ['products', `shop:${product.shop}`] })
   *   async save(product: Product): Promise<void> { … }
   * }
   * ```
   */
  <Args extends Any[]>(options: CacheEvictOptions<Args>): AsyncMethodDecorator<Args>
}

/** Makes `@CacheEvict` for a toolkit. */
export function createCacheEvict(toolkit: Toolkit): CacheEvictDecorator {
  return (options: CacheEvictOptions) => {
    const { tags, prefix, key } = options
    if (tags === undefined && prefix === undefined) {
      throw new UsageError('ERR_INVALID_OPTION', '@CacheEvict needs `tags` or `prefix` to know what to evict', 'tags')
    }
    if (prefix !== undefined) assertPrefix(prefix)
    return decorate('CacheEvict', (method) =>
      wrapAs(async function (this: unknown, ...args: Any[]) {
        const result = await runAsync('CacheEvict', method, this, args)
        const context = toolkit.context()
        const { namespace, events } = context
        const names = typeof tags === 'function' ? tags.apply(this, args) : (tags ?? [])
        const stampKeys = tagKeys(namespace, names)
        const keys: string[] = []
        if (prefix !== undefined) {
          if (key) keys.push(entryKey(namespace, prefix, canonical([key.apply(this, args)])))
          else stampKeys.push(prefixStamp(namespace, prefix))
        }
        try {
          await evict(engineOf(context), keys, stampKeys)
        } catch (error) {
          events.emit({ type: 'fallback', operation: 'evict', prefix: prefix ?? names.join(), error })
        }
        return result
      }, method),
    )
  }
}
