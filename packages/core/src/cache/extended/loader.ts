import type { StaleReason } from '../../events/events.js'
import { background } from '../../platform/background.js'
import { platform } from '../../platform/index.js'
import { type Engine, note, type Place, type Request, type Values } from '../engine.js'
import type { Flight } from '../flights.js'
import { follow } from '../follow.js'
import { loadAndFill } from '../load.js'
import type { Reader } from '../reader.js'
import { createPauses } from './pauses.js'
import type { Plan } from './plan.js'
import { prepare } from './prepare.js'
import { createRefreshes } from './refreshes.js'
import { startTimer } from './timers.js'
import { LEASE_LOST, loadOrWait, refreshAsOne } from './together.js'

/** The loads of one function: who shares them, who waits for them, and what happens when they fail. */
export interface Loader {
  /**
   * The load of a cold key under way, if callers share.
   * @param values what was read, if anything was
   */
  join<Result>(request: Request<Result>, values?: Values): Promise<Result> | undefined
  /**
   * Loads where nothing may be served.
   * @param values what was read; nothing where the store failed
   * @param began called when no load was joined
   */
  loadCold<Result>(
    request: Request<Result>,
    values: Values | undefined,
    spentMs: number,
    began?: () => void,
  ): Promise<Result>
  /** Loads, with a stale result at hand for the case that it fails or takes too long. */
  loadOrStale<Result>(
    request: Request<Result>,
    values: Values,
    spentMs: number,
    ageMs: number,
    stale: Result,
  ): Result | Promise<Result>
  /**
   * Loads after the answer, unless that is under way already or paused.
   * @returns why a stale result is served meanwhile
   */
  refreshInBackground<Result>(request: Request<Result>, values: Values, reason: 'stale' | 'early'): StaleReason
}

/** @param again the reader whose loads these are, for calls that waited in vain */
export function createLoader(engine: Engine, plan: Plan, again: Reader): Loader {
  const { context, flights } = engine
  const { events, monotonicMs } = context
  const pauses = createPauses(monotonicMs)
  const refreshes = createRefreshes(monotonicMs)

  /** Runs a load and remembers how it ended. `canServeStale`: then failures in a row make for ever longer pauses. */
  async function attempt<Result>(
    key: string,
    values: Values | undefined,
    canServeStale: boolean,
    load: () => Promise<Result>,
  ): Promise<Result> {
    try {
      const result = await load()
      // Or each call would ask for the lease again, at a command each.
      if (result === LEASE_LOST) pauses.leased(key, values as Values, plan.leaseMs as number)
      else pauses.succeeded(key)
      return result
    } catch (error) {
      if (canServeStale || plan.errorMs) pauses.failed(key, values, error, canServeStale)
      throw error
    }
  }

  /** Loads beside a result that is stored: not on the board, for callers who find that result gone must not join. */
  function refresh<Result>(request: Request<Result>, values: Values, spentMs: number, inBackground: boolean) {
    const prepared = prepare(engine, request, values, plan, inBackground)
    const flight = offBoard(request)
    return attempt(request.key, values, true, () =>
      refreshAsOne({ engine, request: prepared, flight, values, spentMs, plan }),
    )
  }

  /** Tells how a refresh ended that no caller waits for any more. Never rejects. */
  function watch({ policy, key }: Place<never>, refresh: Promise<unknown>, reason: 'stale' | 'early') {
    const tell = (outcome: { error?: unknown }) => {
      if (events.active) events.emit({ type: 'refresh', prefix: policy.prefix, key, reason, ...outcome })
    }
    return refresh.then(
      (result) => {
        if (result !== LEASE_LOST) tell({})
      },
      (error) => tell({ error }),
    )
  }

  const join = <Result>(request: Request<Result>, values?: Values): Promise<Result> | undefined => {
    const flight = plan.shares ? flights.find(request.key) : undefined
    if (!flight) return undefined
    if (flight.scope !== platform.scope()) return request.alone ? undefined : follow(engine, request, flight, again)
    if (flight.values !== values) flight.joinedLater = true
    note(engine, request, 'dedupes', { type: 'dedupe' })
    return flight.promise as Promise<Result>
  }

  return {
    join,
    loadCold(request, values, spentMs, began) {
      const joined = join(request, values)
      if (joined) return joined
      began?.()
      const pause = plan.errorMs ? pauses.find(request.key, values) : undefined
      if (pause) return Promise.reject(pause.error)
      const prepared = prepare(engine, request, values, plan)
      const fly = (flight: Flight) => {
        flight.values = values
        return attempt(request.key, values, false, async () =>
          values
            ? loadOrWait({ engine, request: prepared, flight, values, spentMs, plan })
            : (await loadAndFill(engine, prepared, flight, undefined, spentMs)).result,
        ).finally(() => flights.end(flight))
      }
      return plan.shares ? flights.begin(request, fly) : fly(offBoard(request))
    },

    loadOrStale(request, values, spentMs, ageMs, stale) {
      const { key } = request
      const serveStale = (reason: StaleReason) => {
        note(engine, request, 'stales', { type: 'stale', reason, ageMs })
        return stale
      }
      const pause = pauses.find(key, values)
      if (pause) return serveStale(pause.reason)
      const shared = plan.shares ? refreshes.find(key, values) : undefined
      if (shared) note(engine, request, 'dedupes', { type: 'dedupe' })
      else note(engine, request, 'misses', { type: 'miss', reason: 'expired' })
      const begin = () => refresh(request, values, spentMs, false)
      const loading = shared?.promise ?? (plan.shares ? refreshes.begin(key, values, begin).promise : begin())
      return new Promise((resolve) => {
        const cancel =
          plan.softMs === undefined
            ? () => {}
            : startTimer(() => {
                resolve(serveStale('slow'))
                answered = true
                background(context, watch(request, loading, 'stale'))
              }, plan.softMs)
        let answered = false
        const settle = (value: () => typeof stale) => {
          cancel()
          if (!answered) resolve(value())
        }
        loading.then(
          (result) => settle(() => (result === LEASE_LOST ? serveStale('leased') : (result as typeof stale))),
          () => settle(() => serveStale('failed')),
        )
      })
    },

    refreshInBackground(request, values, reason) {
      const { key } = request
      if (refreshes.isUnderWay(key, values)) return 'background'
      const pause = pauses.find(key, values)
      if (pause) return pause.reason
      const { promise, trust } = refreshes.begin(key, values, () => refresh(request, values, 0, true))
      trust(background(context, watch(request, promise, reason)))
      return 'background'
    },
  }
}

/** A flight that nobody finds. What is evicted meanwhile is told by what the store holds then. */
function offBoard({ key, stampKeys }: Place<never>): Flight {
  return { key, stampKeys, abandoned: false, promise: undefined as never, scope: undefined }
}
