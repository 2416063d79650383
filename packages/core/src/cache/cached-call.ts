import { runAsync } from '../decorate/run-async.js'
import type { Any, AsyncFunction } from '../decorate/types.js'
import { invalidOption } from '../errors/usage-error.js'
import { canonical } from '../keys/canonical.js'
import { entryKey, namespaceStamp, prefixStamp, tagStamp } from '../keys/layout.js'
import { createKeyMemo } from '../keys/memo.js'
import { shared } from '../platform/shared.js'
import type { Toolkit } from '../store/toolkit.js'
import { type Engine, engineOf, type Policy, type Request } from './engine.js'
import { type CachedOptions, resolveCachedOptions } from './options.js'
import { readThrough } from './read-through.js'

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
 * @param own the options as given; the toolkit's defaults stand behind them
 * @param prefixOf the prefix, given `this`
 */
export function createCachedCall(
  toolkit: Toolkit,
  fn: AsyncFunction,
  own: CachedOptions,
  prefixOf: (self: unknown) => string,
): CachedCall {
  resolveCachedOptions(own)
  type Settled = ReturnType<typeof settle>
  let settled: Settled | undefined

  // At the first call: before that, neither the toolkit's options nor, in some dialects, the prefix is known.
  function settle(self: unknown) {
    const prefix = prefixOf(self)
    const context = toolkit.context()
    const { namespace, store, events } = context
    const options: CachedOptions = { ...context.defaults.cached, ...own }
    const { ttlMs, budgetMs, tags } = resolveCachedOptions(options)
    const { version, serializer, when, scope, key } = options
    let reported = false
    const policy: Policy<Any> = {
      prefix,
      ttlMs,
      budgetMs: budgetMs ?? store.budgetMs,
      serializer: serializer ?? context.serializer,
      onUncacheable(error) {
        if (!reported) events.emit({ type: 'uncacheable', prefix, error })
        reported = true
      },
    }
    return {
      policy,
      namespace,
      stampKeys: [namespaceStamp(namespace), prefixStamp(namespace, prefix)] as const,
      head: version === undefined ? '' : `v${canonical([version])};`,
      engine: engineOf(context),
      when,
      scope,
      key,
      tags,
      // Of no use where the key is told by anything but the arguments.
      memo: when || scope || key ? undefined : createKeyMemo(),
    }
  }

  const run = (self: unknown, args: Any[]) => runAsync('Cached', fn, self, args)

  /** The key in the store; `undefined` where `when` or `scope` bypass the cache. */
  function storeKey(at: Settled, self: unknown, args: Any[]): string | undefined {
    const { policy, namespace, head, when, scope, key, memo } = at
    const known = memo?.find(args)
    if (known !== undefined) return known
    if (when && !when.apply(self, args)) return undefined
    let text = head
    if (scope) {
      const owner = scope.apply(self, args)
      if (owner === undefined || owner === null || owner === '') return undefined
      text += `s${canonical([owner])};`
    }
    if (key) {
      const part = key.apply(self, args)
      if (part === undefined) throw invalidOption('key', 'gave undefined, by which all callers would share one entry')
      text += canonical([part])
    } else text += canonical(args)
    const made = entryKey(namespace, policy.prefix, text)
    memo?.remember(args, made)
    return made
  }

  function request(self: unknown, args: Any[]): Request<Any> | undefined {
    settled ??= settle(self)
    const { policy, namespace, stampKeys, tags } = settled
    const key = storeKey(settled, self, args)
    if (key === undefined) return undefined
    return {
      policy,
      key,
      stampKeys: tags ? [...stampKeys, ...tagKeys(namespace, tags.apply(self, args))] : stampKeys,
      load: () => run(self, args),
    }
  }

  return {
    request,
    run,
    engine: () => engineOf(toolkit.context()),
    prefixStamp: (self) => {
      settled ??= settle(self)
      return settled.stampKeys[1]
    },
    call(self, args) {
      try {
        const wanted = request(self, args)
        return wanted ? readThrough((settled as Settled).engine, wanted) : run(self, args)
      } catch (error) {
        return Promise.reject(error)
      }
    },
  }
}

/** @throws UsageError (`ERR_INVALID_OPTION`) unless `tags` is a list of strings. */
export function tagKeys(namespace: string, tags: readonly string[]): string[] {
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === 'string' && tag)) {
    throw invalidOption('tags', 'must give a list of strings, none of them empty')
  }
  return tags.map((tag) => tagStamp(namespace, tag))
}
