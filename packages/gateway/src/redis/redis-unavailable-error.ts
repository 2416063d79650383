import type { Target } from './target.js'

/**
 * - `unreachable`: no connection, nothing was sent
 * - `silent`: no answer in time; what was sent may have run
 * - `lost`: the connection broke; what was sent may have run
 */
export type Unavailability = 'unreachable' | 'silent' | 'lost'

/** Redis cannot be asked, or has not answered. */
export class RedisUnavailableError extends Error {
  override readonly name = 'RedisUnavailableError'

  constructor(
    readonly kind: Unavailability,
    target: Target,
    cause?: unknown,
  ) {
    super(describe(kind, target, cause), { cause })
  }
}

function describe(kind: Unavailability, { label }: Target, cause: unknown): string {
  const reason = reasonOf(cause)
  if (kind === 'unreachable') return `cannot connect to ${label}${reason}`
  const unknown = 'what was sent may or may not have run'
  if (kind === 'silent') return `no answer from ${label} in time; ${unknown}`
  return `the connection to ${label} was lost${reason}; ${unknown}`
}

function reasonOf(cause: unknown): string {
  // Connecting to a name with several addresses fails with one error that has the others inside it.
  if (cause instanceof AggregateError) return reasonOf(cause.errors[0])
  return cause instanceof Error && cause.message ? `: ${cause.message}` : ''
}
