import type { MissReason } from '../events/events.js'
import { type Engine, fallBack, type Request, read, type Values } from './engine.js'
import { readEntry } from './entry.js'
import { loadAndFill } from './load.js'

/**
 * The stored result, else the load's, which is then stored. The load's own error comes through; the store's never does.
 *
 * Nothing on the way of a hit is `async`: each such layer would cost as much again as looking the result up.
 */
export function readThrough<Result>(engine: Engine, request: Request<Result>): Promise<Result> {
  const { flights, context } = engine
  const joined = flights.size() > 0 && join(engine, request)
  if (joined) return joined
  const { store, monotonicMs } = context
  if (store.readNow) {
    try {
      return Promise.resolve(serve(engine, request, store.readNow([request.key, ...request.stampKeys]), 0))
    } catch (error) {
      return goWithout(engine, request, error)
    }
  }
  const startedMs = monotonicMs()
  return read(engine, request).then(
    (values) => serve(engine, request, values, monotonicMs() - startedMs),
    (error) => goWithout(engine, request, error),
  )
}

/** @param readMs what the read took of the budget */
function serve<Result>(
  engine: Engine,
  request: Request<Result>,
  values: Values,
  readMs: number,
): Result | Promise<Result> {
  const entry = readEntry(values)
  if (typeof entry === 'string') return miss(engine, request, values, readMs, entry)
  const unreadable = () => miss(engine, request, values, readMs, 'unreadable')
  let value: unknown
  try {
    value = engine.decode(request.policy.serializer, entry.payload, values[0] as string)
  } catch {
    return unreadable()
  }
  const isPromise = typeof (value as Promise<unknown> | null | undefined)?.then === 'function'
  return isPromise
    ? (value as Promise<unknown>).then((late) => hit(engine, request, late), unreadable)
    : hit(engine, request, value)
}

function hit<Result>({ stats, context }: Engine, { key, policy }: Request<Result>, value: unknown): Result {
  stats.hits++
  if (context.events.active) context.events.emit({ type: 'hit', prefix: policy.prefix, key })
  return value as Result
}

/** A call that found nothing to serve joins the load under way, or begins one. */
function miss<Result>(
  engine: Engine,
  request: Request<Result>,
  values: Values,
  readMs: number,
  reason: MissReason,
): Promise<Result> {
  const joined = join(engine, request)
  if (joined) return joined
  const { stats, context } = engine
  stats.misses++
  if (context.events.active) {
    context.events.emit({ type: 'miss', prefix: request.policy.prefix, key: request.key, reason })
  }
  return load(engine, request, values, readMs)
}

function goWithout<Result>(engine: Engine, request: Request<Result>, error: unknown): Promise<Result> {
  fallBack(engine, request.policy.prefix, error)
  return join(engine, request) ?? load(engine, request, undefined, 0)
}

function join<Result>({ flights, stats, context }: Engine, request: Request<Result>): Promise<Result> | undefined {
  const { key, policy } = request
  const flight = flights.find(key)
  if (!flight) return undefined
  stats.dedupes++
  if (context.events.active) context.events.emit({ type: 'dedupe', prefix: policy.prefix, key })
  return flight.promise as Promise<Result>
}

function load<Result>(
  engine: Engine,
  request: Request<Result>,
  values: Values | undefined,
  readMs: number,
): Promise<Result> {
  const flight = engine.flights.begin(request.key, request.stampKeys)
  const promise = loadAndFill(engine, request, flight, values, readMs).then(({ result }) => result)
  flight.promise = promise
  return promise
}
