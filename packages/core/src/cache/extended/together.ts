import type { StoreError } from '../../errors/store-error.js'
import { background } from '../../platform/background.js'
import { platform } from '../../platform/index.js'
import { type Engine, fallBack, note, type Place, type Request, type Values } from '../engine.js'
import type { Flight } from '../flights.js'
import { loadAndFill } from '../load.js'
import { basisOf } from './basis.js'
import { decode } from './decode.js'
import { judge } from './judge.js'
import { isLease, type Lease, leaseKeyOf, takeLease } from './lease.js'
import { toldValues } from './news.js'
import type { Plan } from './plan.js'
import { sleep } from './timers.js'
import { wakesOf } from './wakes.js'

/** What a refresh comes to when another process has the lease. */
export const LEASE_LOST = Symbol('another process is loading')

/** How often a process that waits for another looks again where it is not told. */
const MAX_LOOKS = 2
/** Where it is told, it looks as often as this all the same: who should tell may be gone. */
const LOOK_EVERY_MS = 1_000
/** The first wait where nothing is known of how long a load takes. */
const FIRST_WAIT_MS = 100
/** What the leader takes beside its load and its round trips. */
const MARGIN_MS = 5

/** A load with its lease, if the plan asks for one. */
interface Leased<Result> {
  readonly engine: Engine
  readonly request: Request<Result>
  readonly flight: Flight
  readonly values: Values
  /** What the store took of the budget so far. */
  readonly spentMs: number
  readonly plan: Plan
}

/** Refreshes a result that is stored, unless another process does already. */
export async function refreshAsOne<Result>(load: Leased<Result>): Promise<Result | typeof LEASE_LOST> {
  if (!load.plan.leaseMs) return loadAlone(load)
  const lead = await tryToLead(load, false)
  return lead ? lead() : LEASE_LOST
}

/** Loads what is not there, or waits for the process that does. */
export async function loadOrWait<Result>(load: Leased<Result>): Promise<Result> {
  if (!load.plan.leaseMs) return loadAlone(load)
  const sinceMs = platform.monotonicMs() - load.spentMs
  const lead = isLease(load.values[0]) ? undefined : await tryToLead(load, true)
  return lead ? lead() : waitForLeader(load, sinceMs)
}

async function loadAlone<Result>({ engine, request, flight, values, spentMs }: Leased<Result>): Promise<Result> {
  const { result } = await loadAndFill(engine, request, flight, values, spentMs)
  return result
}

/**
 * @param isAwaited whether other processes have nothing to serve meanwhile
 * @returns the load as the leader, or alone where the store could not be asked; `undefined` when another leads
 */
async function tryToLead<Result>(
  load: Leased<Result>,
  isAwaited: boolean,
): Promise<(() => Promise<Result>) | undefined> {
  const { engine, request, values, plan, spentMs } = load
  const { monotonicMs } = engine.context
  const startedMs = monotonicMs()
  try {
    const budgetMs = rest(request, spentMs)
    const lease = await takeLease(engine, request, values, plan.leaseMs as number, budgetMs)
    return lease && (() => loadAsLeader({ ...load, spentMs: spentMs + monotonicMs() - startedMs }, lease, isAwaited))
  } catch (error) {
    fallBack(engine, request.policy.prefix, error)
    return () => loadAlone({ ...load, spentMs: spentMs + monotonicMs() - startedMs })
  }
}

async function loadAsLeader<Result>(load: Leased<Result>, lease: Lease, isAwaited: boolean): Promise<Result> {
  const { engine, request, flight, spentMs } = load
  const filling = isAwaited ? wakesOf(engine)?.filling(request, lease.values) : undefined
  let stored = false
  try {
    const loaded = await loadAndFill(filling?.engine ?? engine, request, flight, lease.values, spentMs)
    stored = loaded.stored
    return loaded.result
  } finally {
    // Nobody here waits for it: the others are told, or find out.
    if (filling?.told !== true) background(engine.context, over(engine, request, lease, stored, filling?.told))
  }
}

/** Lets the other processes go on. When the store fails now, they wait for as long as the lease lasts. */
async function over(
  engine: Engine,
  request: Place<never>,
  lease: Lease,
  stored: boolean,
  message: string | undefined,
): Promise<void> {
  try {
    if (!stored) await lease.free()
    await wakesOf(engine)?.announce(request.key, message)
  } catch (error) {
    fallBack(engine, request.policy.prefix, error)
  }
}

/**
 * Waits until the leader has stored its result, and loads when it has not: it failed, its result cannot be stored, or it
 * is gone and its lease has ended.
 * @param sinceMs before the lease was seen
 */
async function waitForLeader<Result>(load: Leased<Result>, sinceMs: number): Promise<Result> {
  const { engine, request, values, plan } = load
  // Timers follow it, also where the toolkit was given a clock of its own.
  const { monotonicMs } = platform
  const wakes = wakesOf(engine)
  const lastMs = monotonicMs() + (plan.leaseMs as number)
  let { spentMs } = load
  let seenMs = sinceMs
  let found = values
  let failed = false
  try {
    for (let turn = 0; wakes || turn < MAX_LOOKS; turn++) {
      const leftMs = lastMs - monotonicMs()
      if (leftMs <= 0) break
      const timedMs = Math.min(leftMs, timedWait(load, turn))
      await (wakes ? wakes.wait(request.key, seenMs, Math.min(leftMs, LOOK_EVERY_MS), timedMs) : sleep(timedMs))
      const told = await serveTold(load, found)
      if (told) return told[0]
      seenMs = monotonicMs()
      // What was evicted while it waited does not concern a load that begins from what is read now, nor who joined meanwhile.
      load.flight.abandoned = false
      load.flight.joinedLater = false
      const again = await readAgain(load, spentMs)
      spentMs += monotonicMs() - seenMs
      found = again.values
      const served = await serve(load, found)
      if (served) return served[0]
      if (!again.isLed) break
    }
  } catch (error) {
    // Otherwise, what the leader has stored cannot be read here.
    if ((error as Partial<StoreError> | undefined)?.code === 'ERR_STORE') {
      failed = true
      fallBack(engine, request.policy.prefix, error)
    }
  }
  const { result } = await loadAndFill(engine, request, load.flight, failed ? undefined : found, spentMs)
  return result
}

/** Serves what the leader has stored; nothing where that may not be served. Rejects where it cannot be read. */
async function serve<Result>(
  { engine, request, flight, plan }: Leased<Result>,
  values: Values,
): Promise<readonly [Result] | undefined> {
  const judged = judge(values, plan, engine.context.now())
  if (typeof judged === 'string' || judged.state === 'kept') return undefined
  const value = (await decode(engine, request, values, judged)) as Result
  note(engine, request, 'dedupes', { type: 'dedupe' })
  flight.result = [value]
  return [value]
}

/**
 * Serves what came with the leader's message, if that is as good as another read.
 * @param found what was read last
 */
async function serveTold<Result>(load: Leased<Result>, found: Values): Promise<readonly [Result] | undefined> {
  const { news, abandoned, joinedLater } = load.flight
  // Nor what may have been evicted meanwhile, here or before another call came: then another read tells.
  const told = news && !abandoned && !joinedLater ? toldValues(news, found, load.engine.context.now()) : undefined
  // What cannot be read is what a read would bring.
  return told && serve(load, told).catch(() => undefined)
}

/** Entry, stamps and lease, by one command. */
async function readAgain<Result>(load: Leased<Result>, spentMs: number): Promise<{ values: Values; isLed: boolean }> {
  const { engine, request } = load
  const leaseKey = leaseKeyOf(engine, request, load.values)
  const isBeside = leaseKey !== request.key
  const keys = [request.key, ...request.stampKeys]
  const read = await engine.context.store.read(isBeside ? [...keys, leaseKey] : keys, rest(request, spentMs))
  const values = read.slice(0, keys.length)
  const isLed = isBeside ? isLease(read[keys.length]) && basisOf(values) === basisOf(load.values) : isLease(values[0])
  return { values, isLed }
}

/**
 * A bit longer than the load and the leader's three round trips are going to take, as far as is known, and not the same
 * for all who wait.
 */
function timedWait<Result>({ plan, spentMs }: Leased<Result>, turn: number): number {
  const expectedMs = (plan.timing.loadMs ?? FIRST_WAIT_MS) + 3 * spentMs + MARGIN_MS
  return Math.ceil(expectedMs * (1.2 + 0.2 * Math.random()) * 2 ** turn)
}

function rest({ policy }: Place<never>, spentMs: number): number {
  return Math.max(1, policy.budgetMs - spentMs)
}
