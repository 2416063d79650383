import type { MissReason } from '../../events/events.js'
import { type Engine, fallBack, note, type Request, read, type Values } from '../engine.js'
import type { Reader } from '../reader.js'
import { fitted, missReason } from '../schema.js'
import { decode } from './decode.js'
import { type Judged, judge } from './judge.js'
import { createLoader, type Loader } from './loader.js'
import { type Plan, planOf } from './plan.js'

/** One call on its way, with what its function has. */
interface Call<Result> {
  readonly engine: Engine
  readonly request: Request<Result>
  readonly plan: Plan
  readonly loader: Loader
  /** By key. */
  readonly reads: Map<string, SharedRead>
}

/** One read for all calls of a key in one tick: a thousand callers cost hardly more than their promises. */
interface SharedRead {
  readonly stampKeys: readonly string[]
  readonly values: Promise<Values>
  readonly startedMs: number
  /** How many reads were sent before it. */
  readonly sent: number | undefined
  /** Whether it brought nothing that may be served: then the first of its callers loads, and the others join. */
  missed: boolean
}

/**
 * The read path of functions with options beyond the plain one. The order of a call:
 *
 * 1. ask the near tier, if the function has one
 * 2. join a load of a cold key under way
 * 3. read the entry and its stamps
 * 4. judge by age: serve it; serve it and refresh in the background; load with it at hand; load
 *
 * Nothing on the way of a hit is `async`, as on the plain path.
 */
export function createReader(): Reader {
  let plan: Plan | undefined
  let loader: Loader | undefined
  let near: Reader | undefined
  const reads = new Map<string, SharedRead>()
  const ask: Reader = (engine, wanted) => {
    const request = fitted(wanted)
    plan ??= planOf(request.policy)
    loader ??= createLoader(engine, plan, ask)
    return answer({ engine, request, plan, loader, reads })
  }
  return (engine, request) => {
    if (near) return near(engine, request)
    if (!request.policy.options?.local) return ask(engine, request)
    return import('../near/reader.js').then(
      ({ nearFirst }) => {
        near ??= nearFirst(ask)
        return near(engine, request)
      },
      (error) => {
        fallBack(engine, request.policy.prefix, error)
        return ask(engine, request)
      },
    )
  }
}

function answer<Result>(call: Call<Result>): Promise<Result> {
  const { engine, request, loader } = call
  const joined = loader.join(request)
  if (joined) return joined
  const { store, monotonicMs } = engine.context
  if (store.readNow) {
    try {
      return Promise.resolve(decide(call, store.readNow([request.key, ...request.stampKeys]), 0))
    } catch (error) {
      return goWithout(call, error)
    }
  }
  const shared = shareRead(call)
  return shared.values.then(
    (values) =>
      (shared.missed && loader.join(request, values)) || decide(call, values, monotonicMs() - shared.startedMs, shared),
    (error) => goWithout(call, error),
  )
}

/** The read that a call of this tick has asked for, unless it was sent: what was evicted since, it would not know. */
function shareRead<Result>({ engine, request, reads }: Call<Result>): SharedRead {
  const { key, stampKeys } = request
  const { store, monotonicMs } = engine.context
  const sent = store.calls.getMany
  const asked = reads.get(key)
  if (asked && asked.sent === sent && isSame(asked.stampKeys, stampKeys)) return asked
  const shared: SharedRead = {
    stampKeys,
    sent,
    startedMs: monotonicMs(),
    values: read(engine, request),
    missed: false,
  }
  reads.set(key, shared)
  void Promise.resolve().then(() => {
    if (reads.get(key) === shared) reads.delete(key)
  })
  return shared
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one === other || (one.length === other.length && one.every((key, i) => key === other[i]))
}

/** @param spentMs what the store took of the budget so far */
function decide<Result>(
  call: Call<Result>,
  values: Values,
  spentMs: number,
  shared?: SharedRead,
): Result | Promise<Result> {
  const { engine, request, plan } = call
  const judged = judge(values, plan, engine.context.now())
  if (typeof judged === 'string') {
    if (shared) shared.missed = true
    return miss(call, values, spentMs, judged)
  }
  const unreadable = (error: unknown) => miss(call, values, spentMs, missReason(error))
  let value: unknown
  try {
    value = decode(engine, request, values, judged)
  } catch (error) {
    return unreadable(error)
  }
  const isPromise = typeof (value as Promise<unknown> | null | undefined)?.then === 'function'
  return isPromise
    ? (value as Promise<Result>).then((late) => serve(call, values, spentMs, judged, late), unreadable)
    : serve(call, values, spentMs, judged, value as Result)
}

function serve<Result>(
  call: Call<Result>,
  values: Values,
  spentMs: number,
  judged: Judged,
  value: Result,
): Result | Promise<Result> {
  const { engine, request, loader } = call
  switch (judged.state) {
    case 'kept':
      return loader.loadOrStale(request, values, spentMs, judged.ageMs, value)
    case 'stale':
      note(engine, request, 'stales', {
        type: 'stale',
        reason: loader.refreshInBackground(request, values, 'stale'),
        ageMs: judged.ageMs,
      })
      return value
    case 'early':
      loader.refreshInBackground(request, values, 'early')
  }
  request.near?.put(values[0] as string, { value })
  note(engine, request, 'hits', { type: 'hit' })
  return value
}

function miss<Result>(
  { engine, request, loader }: Call<Result>,
  values: Values,
  spentMs: number,
  reason: MissReason,
): Promise<Result> {
  return loader.loadCold(request, values, spentMs, () => note(engine, request, 'misses', { type: 'miss', reason }))
}

function goWithout<Result>({ engine, request, loader }: Call<Result>, error: unknown): Promise<Result> {
  fallBack(engine, request.policy.prefix, error)
  return loader.loadCold(request, undefined, 0)
}
