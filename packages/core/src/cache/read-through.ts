import type { MissReason } from '../events/events.js'
import { platform } from '../platform/index.js'
import { type Engine, fallBack, note, type Request, read, type Values } from './engine.js'
import { readEntry } from './entry.js'
import { loadAndFill } from './load.js'

/**
 * The stored result, else the load's, which is then stored. The load's own error comes through; the store's never does.
 *
 * Nothing on the way of a hit is `async`: each such layer would cost as much again as looking the result up.
 */
export function readThrough<Result>(engine: Engine, request: Request<Result>): Promise<Result> {
  const joined = join(engine, request)
  if (joined) return joined
  const { store, monotonicMs } = engine.context
  if (store.readNow) {
    try {
      return Promise.resolve(serve(engine, request, store.readNow([request.key, ...request.stampKeys])))
    } catch (error) {
      return goWithout(engine, request, error)
    }
  }
  const startedMs = monotonicMs()
  return read(engine, request).then(
    (values) => serve(engine, request, values, startedMs),
    (error) => goWithout(engine, request, error),
  )
}

/** @param startedMs when the read began that took its part of the budget; none where it took no time */
function serve<Result>(
  engine: Engine,
  request: Request<Result>,
  values: Values,
  startedMs?: number,
): Result | Promise<Result> {
  const entry = readEntry(values, engine.context.now())
  if (typeof entry === 'string') return load(engine, request, values, startedMs, entry)
  const unreadable = () => load(engine, request, values, startedMs, 'unreadable')
  let value: unknown
  try {
    value = engine.decode(request.policy.serializer, entry.payload, values[0] as string, request.key)
  } catch {
    return unreadable()
  }
  const isPromise = typeof (value as Promise<unknown> | null | undefined)?.then === 'function'
  return isPromise
    ? (value as Promise<unknown>).then((late) => hit(engine, request, late), unreadable)
    : hit(engine, request, value)
}

function hit<Result>(engine: Engine, request: Request<Result>, value: unknown): Result {
  note(engine, request, 'hits', { type: 'hit' })
  return value as Result
}

function goWithout<Result>(engine: Engine, request: Request<Result>, error: unknown): Promise<Result> {
  fallBack(engine, request.policy.prefix, error)
  return load(engine, request)
}

/** Takes part in a load under way. What another request awaits for us, we may only look at: see `follow`. */
export function join<Result>(engine: Engine, request: Request<Result>): Promise<Result> | undefined {
  const flight = engine.flights.find(request.key)
  if (!flight) return undefined
  if (flight.scope !== platform.scope()) {
    return request.alone
      ? undefined
      : import('./follow.js').then(
          ({ follow }) => follow(engine, request, flight),
          () => request.load(),
        )
  }
  note(engine, request, 'dedupes', { type: 'dedupe' })
  return flight.promise as Promise<Result>
}

/**
 * Joins the load under way, or begins one.
 * @param reason why there is nothing to serve; none where the store could not be asked
 */
function load<Result>(
  engine: Engine,
  request: Request<Result>,
  values?: Values,
  startedMs?: number,
  reason?: MissReason,
): Promise<Result> {
  const joined = join(engine, request)
  if (joined) return joined
  if (reason) note(engine, request, 'misses', { type: 'miss', reason })
  const readMs = startedMs ? engine.context.monotonicMs() - startedMs : 0
  return engine.flights.begin(request, async (flight) => {
    const { result } = await loadAndFill(engine, request, flight, values, readMs)
    return result
  })
}
