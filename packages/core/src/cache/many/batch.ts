import type { Any } from '../../decorate/types.js'
import { UsageError } from '../../errors/usage-error.js'
import type { Engine, Request } from '../engine.js'
import type { Flight } from '../flights.js'
import { loadAndFill } from '../load.js'
import type { ManyId } from './options.js'
import type { Found } from './wanted.js'

/** Runs the function for some ids. */
export type RunMany = (ids: ManyId[]) => Promise<Any>

/** Heeds the options of a request that only few have. */
export type Fit = <Result>(request: Request<Result>) => Request<Result>

/** One run of the function, begun when its first value is asked for. */
export interface Batch {
  /** The value of one of its ids, `undefined` where there is none. */
  load(id: ManyId): Promise<unknown>
  /** Loads the value of one of its ids as `flight`, and stores it as `loadAndFill` does, all in one round trip. */
  fill(engine: Engine, found: Found, flight: Flight): Promise<{ result: unknown; stored: boolean }>
}

/** An id's value, and how it is to be stored. What went wrong on the way is thrown by the functions. */
interface Prepared {
  readonly value: unknown
  readonly ttlMs: () => number
  readonly text: () => string
}

export function createBatch(ids: readonly ManyId[], runMany: RunMany, fit: Fit): Batch {
  let loaded: Promise<Map<ManyId, unknown>> | undefined
  const loadOne = async (id: ManyId) => {
    loaded ??= runMany([...ids]).then((result) => checkResult(result, ids))
    return (await loaded).get(id)
  }
  const preparing: Promise<unknown>[] = []
  let allPrepared: Promise<unknown> | undefined

  return {
    load: loadOne,
    fill(engine, { id, request, values, readMs }, flight) {
      let prepared: Prepared
      const { policy } = request
      return loadAndFill(
        engine,
        {
          ...request,
          async load() {
            const preparation = prepare(fit({ ...request, load: () => loadOne(id) }), values !== undefined)
            preparing.push(preparation)
            prepared = await preparation
            // Texts may take their time to be made. All are written in one go, when the last of them is ready.
            allPrepared ??= Promise.allSettled(preparing)
            await allPrepared
            return prepared.value
          },
          policy: {
            ...policy,
            ttlMs: () => prepared.ttlMs(),
            serializer: { ...policy.serializer, serialize: () => prepared.text() },
          },
        },
        flight,
        values,
        readMs,
      )
    },
  }
}

/** @param storable whether there is a store to put it in */
async function prepare({ policy, key, load }: Request<unknown>, storable: boolean): Promise<Prepared> {
  const value = await load()
  const rethrow = (error: unknown) => () => {
    throw error
  }
  let ttlMs = 0
  try {
    if (storable) ttlMs = policy.ttlMs(value)
  } catch (error) {
    return { value, text: () => '', ttlMs: rethrow(error) }
  }
  try {
    const text = ttlMs === 0 ? '' : await policy.serializer.serialize(value, key)
    return { value, text: () => text, ttlMs: () => ttlMs }
  } catch (error) {
    return { value, text: rethrow(error), ttlMs: () => ttlMs }
  }
}

/** @throws UsageError (`ERR_MANY_RESULT`) for what is no Map, or has an id of another type than was asked. */
function checkResult(result: unknown, ids: readonly ManyId[]): Map<ManyId, unknown> {
  const refuse = (what: string): never => {
    throw new UsageError('ERR_MANY_RESULT', `what a function of many ids resolves to must be a Map by id: ${what}`)
  }
  if (Object.prototype.toString.call(result) !== '[object Map]') refuse('this is no Map')
  const map = result as Map<ManyId, unknown>
  const absent = ids.filter((id) => !map.has(id))
  if (map.size > ids.length - absent.length) {
    // '1' where 1 was asked, as some databases have it: it would be taken for absent, and be kept as that.
    const asked = new Map(absent.map((id) => [String(id), typeof id]))
    for (const id of map.keys()) {
      const type = asked.get(String(id))
      if (type) refuse(`asked for ids that are ${type}s, it gave ${typeof id}s`)
    }
  }
  return map
}
