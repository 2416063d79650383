import { runAsync } from '../decorate/run-async.js'
import type { Any, AsyncFunction } from '../decorate/types.js'
import { invalidOption } from '../errors/usage-error.js'
import { canonical } from '../keys/canonical.js'
import { entryKey, namespaceStamp, prefixStamp, tagStamp } from '../keys/layout.js'
import { createKeyMemo, type Slot } from '../keys/memo.js'
import { shared } from '../platform/shared.js'
import type { Toolkit } from '../store/toolkit.js'
import { type Engine, engineOf, type Policy, type Request } from './engine.js'
import { type CachedOptions, resolveCachedOptions } from './options.js'
import { readerFor } from './reader.js'

/** One cached function, as its doors and its handle see it. */
export interface CachedCall {
  /** Serves from the store, or runs the function. Never throws: what goes wrong rejects. */
  call(self: unknown, args: Any[]): Promise<Any>
  /** What the engine is asked for a call; `undefined` where the call bypasses the cache. */
  request(self: unknown, args: Any[]): Request<Any> | undefined
  /** Runs the function itself. */
  run(self: unknown, args: Any[]): Promise<Any>
  /** The stamp that all entries of this function carry. */
  prefixStamp(self: unknown): string
  engine(): Engine
}

/** From a wrapped function to its cached call. */
const calls = () => shared('calls', () => new WeakMap<object, CachedCall>())

/** Makes `wrapper` known as the door to `call`, for `cacheOf` to find. */
export function publishCall(wrapper: object, call: CachedCall): void {
  calls().set(wrapper, call)
}

export function callBehind(wrapper: object): CachedCall | undefined {
  return calls().get(wrapper)
}

/**
 * @param own the options as given, once they were checked; the toolkit's defaults stand behind them
 * @param prefixOf the prefix, given `this`
 */
export function createCachedCall(
  toolkit: Toolkit,
  fn: AsyncFunction,
  own: CachedOptions,
  prefixOf: (self: unknown) => string,
): CachedCall {
  if (own.local) toolkit.claims.set('near', fn)
  const run = (self: unknown, args: Any[]) => runAsync('Cached', fn, self, args)

  let settled: ReturnType<typeof settle> | undefined
  // At the first call: before that, neither the toolkit's options nor, in some dialects, the prefix is known.
  function settle(self: unknown) {
    const prefix = prefixOf(self)
    const context = toolkit.context()
    const { namespace, store, events } = context
    const options: CachedOptions = { ...context.options.defaults?.cached, ...own }
    const { ttlMs, budgetMs = store.budgetMs, tags } = resolveCachedOptions(options)
    const { version, serializer = context.serializer, when, scope, key } = options
    const ownStamp = prefixStamp(namespace, prefix)
    const stampKeys = [namespaceStamp(namespace), ownStamp]
    const head = version === undefined ? '' : `v${canonical([version])};`
    // Of no use where the key is told by anything but the arguments.
    const memo = when || scope || key ? undefined : createKeyMemo()
    let reported = false
    const policy: Policy<Any> = {
      prefix,
      ttlMs,
      budgetMs,
      serializer,
      options,
      onUncacheable(error) {
        if (!reported) events.emit({ type: 'uncacheable', prefix, error })
        reported = true
      },
    }

    /** The arguments' part of the key; `undefined` where `when` or `scope` bypass the cache. */
    function describe(self: unknown, args: Any[]): string | undefined {
      if (when && !when.apply(self, args)) return undefined
      let text = head
      if (scope) {
        const owner = scope.apply(self, args)
        if (owner === undefined || owner === null || owner === '') return undefined
        text += `s${canonical([owner])};`
      }
      if (!key) return text + canonical(args)
      const part = key.apply(self, args)
      if (part === undefined) throw invalidOption('key', 'must not be undefined: all callers would share one entry')
      return text + canonical([part])
    }

    function request(self: unknown, args: Any[], known: Slot | undefined): Request<Any> | undefined {
      let storeKey = known?.key
      if (!storeKey) {
        const text = describe(self, args)
        if (text === undefined) return undefined
        storeKey = entryKey(namespace, prefix, text)
        if (known) known.key = storeKey
      }
      return {
        policy,
        key: storeKey,
        stampKeys: tags ? [...stampKeys, ...tagKeys(namespace, tags.apply(self, args))] : stampKeys,
        load: () => run(self, args),
        slot: known,
      }
    }
    return { engine: engineOf(context), ownStamp, memo, request, read: readerFor(options) }
  }
  const settledFor = (self: unknown) => {
    settled ??= settle(self)
    return settled
  }

  return {
    run,
    engine: () => engineOf(toolkit.context()),
    request(self, args) {
      const { memo, request } = settledFor(self)
      return request(self, args, memo?.(args))
    },
    prefixStamp: (self) => settledFor(self).ownStamp,
    call(self, args) {
      try {
        const { engine, memo, request, read } = settledFor(self)
        const slot = memo?.(args)
        const near = slot?.near?.serve()
        if (near) return near
        const wanted = request(self, args, slot)
        return wanted ? read(engine, wanted) : run(self, args)
      } catch (error) {
        return Promise.reject(error)
      }
    },
  }
}

/** @throws UsageError (`ERR_INVALID_OPTION`) unless `tags` is a list of strings. */
export function tagKeys(namespace: string, tags: readonly string[]): string[] {
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === 'string' && tag)) {
    throw invalidOption('tags', 'must be a list of strings, none empty')
  }
  return tags.map((tag) => tagStamp(namespace, tag))
}
