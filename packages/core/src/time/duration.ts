import { invalidOption } from '../errors/usage-error.js'

/**
 * A span of time: `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'7d'`, or a bare number of **seconds**, as in Redis `EX`,
 * `Cache-Control` and Next.js' `revalidate`. Not negative; a fraction is fine as long as it comes to whole milliseconds.
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** {@link toMs} of an option that may be left out. */
export function optionalMs(duration: Duration | undefined, option: string, leastMs = 0): number | undefined {
  return duration === undefined ? undefined : toMs(duration, option, leastMs)
}

/**
 * A {@link Duration} in integer milliseconds.
 * @param leastMs 1 where 0 is none
 * @throws UsageError (`ERR_INVALID_DURATION`) that names `option` when it is neither, negative, NaN or endless.
 *
 * @example
 * toMs('1.5s', 'pause') // 1500
 * toMs(30, 'pause') // 30000: a bare number is seconds
 */
export function toMs(duration: Duration, option: string, leastMs = 0): number {
  const text = typeof duration === 'number' ? `${duration}s` : `${duration}`
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|[smhd])$/.exec(text) ?? []
  // NaN where the text does not match: it fails the comparison below.
  const ms = Number(count) * (UNIT_MS[unit as string] as number)
  const rounded = Math.round(ms)
  if (!(Math.abs(ms - rounded) < 1e-6 && Number.isSafeInteger(rounded))) {
    throw invalidOption(
      option,
      `must be like '250ms', '30s', '5m', '7d' or seconds, not ${duration}`,
      'ERR_INVALID_DURATION',
    )
  }
  if (rounded < leastMs) throw invalidOption(option, 'must be more than 0')
  return rounded
}
