import type { Loaded } from '../entry.js'
import type { EarlyRefreshOptions } from '../options.js'

/** Whether a result that is fresh at `nowMs` is to be refreshed already. */
export type IsEarly = (entry: Loaded, nowMs: number) => boolean

/**
 * XFetch: refresh when `now - delta * beta * ln(random) >= expiry`, where delta is how long the load took. The nearer the
 * end, the likelier; the moment of the first refresh is drawn such that the load has most likely ended by then, and
 * about `e^(1/beta)` processes begin one if nothing else keeps them from it.
 *
 * A. Vattani, F. Chierichetti, K. Lowenstein: Optimal Probabilistic Cache Stampede Prevention. VLDB 2015,
 * https://www.vldb.org/pvldb/vol8/p886-vattani.pdf
 */
export function createEarly(options: EarlyRefreshOptions): IsEarly {
  return ({ freshUntilAtMs, loadMs }, nowMs) =>
    (options.now?.() ?? nowMs) + drawLeadMs(options, loadMs) >= freshUntilAtMs
}

/** For how many milliseconds before its end a result counts as over: another number each time. */
export function drawLeadMs({ beta = 1, random = Math.random }: EarlyRefreshOptions, loadMs: number): number {
  // From 0 to below 1, of which 0 has no logarithm.
  return -loadMs * beta * Math.log(random() || Number.MIN_VALUE)
}
