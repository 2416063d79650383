import { assertPositiveInteger, invalidOption } from '../../errors/usage-error.js'
import { optionalMs } from '../../time/duration.js'
import type { LocalOptions } from '../options.js'

/** How long a near tier may serve a value at most, unless told otherwise. */
export const DEFAULT_NEAR_TTL_MS = 10_000
/** How much the near tier of one function holds, unless told otherwise. */
export const DEFAULT_NEAR_MAX_ENTRIES = 1_000
export const DEFAULT_NEAR_MAX_BYTES = 8 * 1024 * 1024

/** {@link LocalOptions} with the defaults behind them. */
export interface ResolvedLocalOptions {
  readonly ttlMs: number
  readonly maxEntries: number
  readonly maxBytes: number
  readonly share: 'copy' | 'reference'
}

/** @throws UsageError that names the option at fault. */
export function resolveLocalOptions(local: true | LocalOptions): ResolvedLocalOptions {
  if (local !== true && typeof local !== 'object') throw invalidOption('local', 'must be true or an object')
  const {
    ttl,
    maxEntries = DEFAULT_NEAR_MAX_ENTRIES,
    maxBytes = DEFAULT_NEAR_MAX_BYTES,
    share = 'copy',
  } = local === true ? {} : local
  const ttlMs = optionalMs(ttl, 'local.ttl', 1) ?? DEFAULT_NEAR_TTL_MS
  assertPositiveInteger(maxEntries, 'local.maxEntries')
  assertPositiveInteger(maxBytes, 'local.maxBytes')
  if (share !== 'copy' && share !== 'reference') throw invalidOption('local.share', "must be 'copy' or 'reference'")
  return { ttlMs, maxEntries, maxBytes, share }
}
