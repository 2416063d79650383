import { runAsync } from '../../decorate/run-async.js'
import type { Any, AsyncFunction } from '../../decorate/types.js'
import { shared } from '../../platform/shared.js'
import type { Toolkit } from '../../store/toolkit.js'
import { type CachedCall, createCachedCall } from '../cached-call.js'
import { type Engine, fallBack } from '../engine.js'
import type { CachedOptions } from '../options.js'
import type { Fit, RunMany } from './batch.js'
import { fitMany } from './fit-many.js'
import { type CachedManyOptions, type ManyId, toSingle, withDefaults } from './options.js'
import { readThroughMany } from './read-through-many.js'
import { distinct, type Wanted } from './wanted.js'

/** One cached function of many ids, as its doors and its handle see it. */
export interface ManyCall {
  /** The values of `ids`, from the store, or from one run of the function for all that are missing. */
  call(self: unknown, ids: readonly ManyId[], rest: Any[]): Promise<Map<ManyId, unknown>>
  /** What the engine is asked for each distinct id. */
  wanted(self: unknown, ids: readonly ManyId[], rest: Any[]): Wanted[]
  runMany(self: unknown, rest: Any[]): RunMany
  /** The stamp that all entries of this function carry. */
  prefixStamp(self: unknown): string
  engine(): Engine
}

/** From a wrapped function to its call. */
const calls = () => shared('manyCalls', () => new WeakMap<object, ManyCall>())

/** Makes `wrapper` known as the door to `call`, for `cacheManyOf` to find. */
export function publishManyCall(wrapper: object, call: ManyCall): void {
  calls().set(wrapper, call)
}

export function manyCallBehind(wrapper: object): ManyCall | undefined {
  return calls().get(wrapper)
}

export function createManyCall(
  toolkit: Toolkit,
  fn: AsyncFunction,
  options: CachedManyOptions,
  prefixOf: (self: unknown) => string,
): ManyCall {
  let made: CachedCall | undefined
  /** Tells keys, stamps and how long to keep a value, as for a function of a single id, and is never called. */
  function single(): CachedCall {
    // Made by the first call: before that, the toolkit's defaults are not known.
    const defaults = toolkit.context().options.defaults?.cached as CachedOptions | undefined
    made ??= createCachedCall(toolkit, fn, toSingle(withDefaults(defaults, options)), prefixOf)
    return made
  }
  const engine = () => single().engine()
  const many: ManyCall = {
    engine,
    prefixStamp: (self) => single().prefixStamp(self),
    wanted: (self, ids, rest) => distinct(ids).map((id) => ({ id, request: single().request(self, [id, ...rest]) })),
    runMany: (self, rest) => (ids) => runAsync('CachedMany', fn, self, [ids, ...rest]),
    async call(self, ids, rest) {
      const wanted = many.wanted(self, ids, rest)
      const runMany = many.runMany(self, rest)
      let fit: Fit
      try {
        fit = await fitMany(wanted)
      } catch (error) {
        // Code that cannot be loaded, without which what is stored cannot be judged: the call bypasses the cache.
        fallBack(engine(), prefixOf(self), error)
        return readThroughMany(
          engine(),
          wanted.map(({ id }) => ({ id, request: undefined })),
          runMany,
          (request) => request,
        )
      }
      return readThroughMany(engine(), wanted, runMany, fit)
    },
  }
  return many
}
