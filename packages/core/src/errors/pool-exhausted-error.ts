import { LarderError } from './larder-error.js'

/** How many connections a pool has, and how many callers wait for one. */
export interface PoolCounts {
  /** Connections, those being opened included. Never above the maximum. */
  readonly size: number
  /** Those that nobody has leased. */
  readonly free: number
  /** Those that are leased. */
  readonly used: number
  /** Callers that wait. */
  readonly pending: number
}

/** No connection was to be had: the wait was too long, or the queue too. `counts` says what the pool looked like. */
export class PoolExhaustedError extends LarderError {
  override readonly name = 'PoolExhaustedError'

  constructor(
    what: string,
    readonly counts: PoolCounts,
  ) {
    const { used, size, pending } = counts
    super(
      'ERR_POOL_EXHAUSTED',
      `${what}: ${used} of ${size} connections are leased, ${pending} callers wait. Raise \`pool.max\`, or lease for less long`,
    )
  }
}
