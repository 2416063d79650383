import { SLOTS } from '../../src/limit/sliding-window.js'

/**
 * What each algorithm promises, written as plainly as possible: with a clock of its own and the whole history at hand,
 * where the product has a time to live and a short text. Times are in milliseconds.
 */
export interface Model {
  /** Whether a call of this cost would pass. */
  fits(atMs: number, cost: number): boolean
  /** Rounded down; below 0 in debt. */
  left(atMs: number): number
  /** When nothing is spent any more. */
  wholeAtMs(atMs: number): number
  spend(atMs: number, cost: number): void
  /** Spends what is not there, down to a debt of the limit. */
  penalize(atMs: number, cost: number): void
  refund(atMs: number, cost: number): void
}

export type Method = 'sliding-window' | 'sliding-log' | 'approximate' | 'gcra' | 'fixed-window'
export interface ModelRule {
  readonly method: Method
  readonly limit: number
  readonly windowMs: number
  readonly burst?: number
}

export function createModel({ method, limit, windowMs, burst = limit }: ModelRule): Model {
  if (method === 'gcra') return arrivalTime(burst, Math.ceil((windowMs * 1000) / limit))
  if (method === 'fixed-window') return countSinceFirst(limit, windowMs)
  if (method === 'approximate') return twoWindows(limit, windowMs)
  return log(limit, windowMs, method === 'sliding-log' ? 1 : windowMs / SLOTS)
}

/** Every call, each counted until the last call of its slot has left the window. The first call begins the first slot. */
function log(limit: number, windowMs: number, slotMs: number): Model {
  let calls: { timeMs: number; count: number }[] = []
  let beganAtMs = 0
  const slotOf = (timeMs: number) => Math.floor((timeMs - beganAtMs) / slotMs)
  const endOf = ({ timeMs }: { timeMs: number }) =>
    windowMs + Math.max(...calls.filter((call) => slotOf(call.timeMs) === slotOf(timeMs)).map((call) => call.timeMs))
  const live = (atMs: number) => calls.filter((call) => endOf(call) > atMs)
  const used = (atMs: number) => live(atMs).reduce((sum, { count }) => sum + count, 0)
  const add = (timeMs: number, count: number) => {
    calls = live(timeMs)
    if (calls.length === 0) beganAtMs = timeMs
    if (count > 0) calls.push({ timeMs, count })
  }
  return {
    fits: (atMs, cost) => used(atMs) + cost <= limit,
    left: (atMs) => limit - used(atMs),
    wholeAtMs: (atMs) => Math.max(atMs, ...live(atMs).map(endOf)),
    spend: add,
    penalize: (atMs, cost) => add(atMs, Math.min(cost, 2 * limit - used(atMs))),
    refund(atMs, cost) {
      calls = live(atMs)
      // The end of a slot does not move because of what is given back, as long as anything in it is left.
      for (const slot of new Set(calls.map(({ timeMs }) => slotOf(timeMs)))) {
        const inSlot = calls.filter(({ timeMs }) => slotOf(timeMs) === slot)
        const last = Math.max(...inSlot.map(({ timeMs }) => timeMs))
        const count = inSlot.reduce((sum, call) => sum + call.count, 0)
        const back = Math.min(count, cost)
        cost -= back
        calls = calls.filter(({ timeMs }) => slotOf(timeMs) !== slot)
        if (count > back) calls.push({ timeMs: last, count: count - back })
      }
      calls.sort((one, other) => one.timeMs - other.timeMs)
    },
  }
}

/** Microseconds until which everything is spoken for. */
function arrivalTime(burst: number, intervalUs: number): Model {
  let untilUs = Number.NEGATIVE_INFINITY
  const aheadUs = (atMs: number) => Math.max(0, untilUs - atMs * 1000)
  return {
    fits: (atMs, cost) => aheadUs(atMs) + cost * intervalUs <= burst * intervalUs,
    left: (atMs) => Math.floor((burst * intervalUs - aheadUs(atMs)) / intervalUs),
    wholeAtMs: (atMs) => atMs + Math.ceil(aheadUs(atMs) / 1000),
    spend(atMs, cost) {
      untilUs = atMs * 1000 + aheadUs(atMs) + cost * intervalUs
    },
    penalize(atMs, cost) {
      untilUs = atMs * 1000 + Math.min(aheadUs(atMs) + cost * intervalUs, 2 * burst * intervalUs)
    },
    refund(atMs, cost) {
      untilUs = atMs * 1000 + Math.max(0, aheadUs(atMs) - cost * intervalUs)
    },
  }
}

function countSinceFirst(limit: number, windowMs: number): Model {
  let endAtMs = Number.NEGATIVE_INFINITY
  let count = 0
  const used = (atMs: number) => (atMs < endAtMs ? count : 0)
  const set = (atMs: number, next: number) => {
    if (atMs >= endAtMs || used(atMs) === 0) endAtMs = atMs + windowMs
    count = next
    if (count === 0) endAtMs = Number.NEGATIVE_INFINITY
  }
  return {
    fits: (atMs, cost) => used(atMs) + cost <= limit,
    left: (atMs) => limit - used(atMs),
    wholeAtMs: (atMs) => Math.max(atMs, endAtMs),
    spend: (atMs, cost) => set(atMs, used(atMs) + cost),
    penalize: (atMs, cost) => set(atMs, Math.min(used(atMs) + cost, 2 * limit)),
    refund: (atMs, cost) => set(atMs, Math.max(0, used(atMs) - cost)),
  }
}

/** A count for each window since the first call, of which the window before the current one weighs what is left of it. */
function twoWindows(limit: number, windowMs: number): Model {
  let startAtMs = 0
  let counts = new Map<number, number>()
  const place = (atMs: number) => {
    const index = Math.floor((atMs - startAtMs) / windowMs)
    const [before, current] = [counts.get(index - 1) ?? 0, counts.get(index) ?? 0]
    return { index, before, current, restMs: windowMs - (atMs - startAtMs - index * windowMs) }
  }
  const begin = (atMs: number) => {
    const { before, current } = place(atMs)
    if (before + current > 0) return
    startAtMs = atMs
    counts = new Map()
  }
  /** As windows times calls, so that all numbers are whole. */
  const used = (atMs: number) => {
    const { before, current, restMs } = place(atMs)
    return before * restMs + current * windowMs
  }
  return {
    fits: (atMs, cost) => used(atMs) + cost * windowMs <= limit * windowMs,
    left: (atMs) => Math.floor((limit * windowMs - used(atMs)) / windowMs),
    wholeAtMs(atMs) {
      const { before, current, restMs } = place(atMs)
      return current ? atMs + restMs + windowMs : before ? atMs + restMs : atMs
    },
    spend(atMs, cost) {
      begin(atMs)
      const { index, current } = place(atMs)
      counts.set(index, current + cost)
    },
    penalize(atMs, cost) {
      begin(atMs)
      const { index, current } = place(atMs)
      counts.set(index, Math.min(current + cost, 2 * limit))
    },
    refund(atMs, cost) {
      const { index, before, current } = place(atMs)
      const back = Math.min(cost, current)
      counts.set(index, current - back)
      counts.set(index - 1, Math.max(0, before - (cost - back)))
    },
  }
}

/** The shortest wait after which a call that is refused now would pass. It only gets better with time. */
export function shortestWaitMs(model: Model, atMs: number, cost: number): number {
  let [refused, passes] = [0, 1]
  while (!model.fits(atMs + passes, cost)) [refused, passes] = [passes, passes * 2]
  while (passes - refused > 1) {
    const middle = Math.floor((refused + passes) / 2)
    if (model.fits(atMs + middle, cost)) passes = middle
    else refused = middle
  }
  return passes
}

export interface Admitted {
  readonly atMs: number
  /** Negative for a refund. */
  readonly cost: number
}

/** The most that was admitted in any half-open window: (end − window, end], less what was given back in it. */
export function mostInAnyWindow(calls: readonly Admitted[], windowMs: number): number {
  let most = 0
  for (const { atMs: endMs } of calls) {
    const inWindow = calls.filter(({ atMs }) => atMs > endMs - windowMs && atMs <= endMs)
    most = Math.max(
      most,
      inWindow.reduce((sum, { cost }) => sum + cost, 0),
    )
  }
  return most
}

/** What each algorithm may admit at worst in any window of `per`. */
export function worstCase({ method, limit, windowMs, burst = limit }: ModelRule): number {
  if (method === 'gcra') return burst + Math.floor((windowMs * 1000) / Math.ceil((windowMs * 1000) / limit))
  return method === 'sliding-window' || method === 'sliding-log' ? limit : 2 * limit - 1
}
