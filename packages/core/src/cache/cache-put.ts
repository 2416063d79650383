import { decorate } from '../decorate/decorate.js'
import type { Any, AsyncMethodDecorator } from '../decorate/types.js'
import { wrapAs } from '../decorate/wrap.js'
import { UsageError } from '../errors/usage-error.js'
import { assertPrefix } from '../keys/layout.js'
import type { Toolkit } from '../store/toolkit.js'
import { createCachedCall } from './cached-call.js'
import { type CachedOptions, resolveCachedOptions } from './options.js'
import { refresh } from './refresh.js'

/** The type of `@CachePut`. */
export interface CachePutDecorator {
  /**
   * Always runs the method, and stores its result where a cached method of the same `prefix` will find it: for the
   * method that writes. Its `key`, `scope`, `version` and `tags` must come to those of the cached method.
   *
   * When something else gets stored meanwhile, the entry is evicted instead: of two results nobody can tell the newer.
   * When the store fails, the result comes all the same, with a `fallback` event.
   *
   * @example
   * ```ts
   * class Catalog {
   *   @CachePut({ prefix: 'product', ttl: '5m', key: (product: Product) => product.id })
   *   async save(product: Product): Promise<Product> { … }
   * }
   * ```
   */
  <Args extends Any[], Result = Any>(
    options: CachedOptions<Args, Result> & { readonly prefix: string },
  ): AsyncMethodDecorator<Args, Result>
}

/** Makes `@CachePut` for a toolkit. */
export function createCachePut(toolkit: Toolkit): CachePutDecorator {
  return (options: CachedOptions & { readonly prefix: string }) => {
    const { prefix } = options
    if (!prefix)
      throw new UsageError('ERR_PREFIX_REQUIRED', '`prefix` must be that of the cached method to fill', 'prefix')
    assertPrefix(prefix)
    resolveCachedOptions(options)
    return decorate('CachePut', (method) => {
      const cached = createCachedCall(toolkit, method, options, () => prefix)
      return wrapAs(async function (this: unknown, ...args: Any[]) {
        const request = cached.request(this, args)
        return request ? refresh(cached.engine(), request) : cached.run(this, args)
      }, method)
    })
  }
}
