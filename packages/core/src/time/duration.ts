import { UsageError } from '../errors/usage-error.js'

/**
 * A span of time: `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'7d'`, or a bare number of **seconds**, as in Redis `EX`,
 * `Cache-Control` and Next.js' `revalidate`. Not negative; a fraction is fine as long as it comes to whole milliseconds.
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * A {@link Duration} in integer milliseconds.
 * @throws UsageError (`ERR_INVALID_DURATION`) that names `option` when it is neither, negative, NaN or endless.
 */
export function toMs(duration: Duration, option: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|[smhd])$/.exec(typeof duration === 'number' ? `${duration}s` : `${duration}`)
  const ms = match ? Number(match[1]) * (UNIT_MS[match[2] as string] as number) : Number.NaN
  const rounded = Math.round(ms)
  if (!(Math.abs(ms - rounded) < 1e-6 && Number.isSafeInteger(rounded))) {
    throw new UsageError(
      'ERR_INVALID_DURATION',
      `\`${option}\` must be like '250ms', '30s', '5m', '2h', '7d' or a number of seconds, not ${String(duration)}`,
      option,
    )
  }
  return rounded
}
