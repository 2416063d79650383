import type { Kind } from './kind.js'
import type { LockOptions } from './options.js'
import { extendSeat, releaseSeat, takeSeat } from './seats-script.js'

/** A reader takes one place of very many, a writer all of them. */
const ALL = 1_000_000
/** How long a place is kept for a waiter whose turn has come. A waiter that crashed holds the others up for this long. */
const CLAIM_MS = 1_000

/**
 * Locks of more than one place, and locks with a queue. All are one thing: so many places, of which each holder takes some,
 * first come, first served. A fair lock is one place; a semaphore several; a reader takes one of very many, a writer all.
 */
export function seats(plain: Kind, mode: LockOptions['mode'], permits = 1): Kind {
  const capacity = mode ? ALL : permits
  const weight = mode === 'write' ? ALL : 1
  return {
    ...plain,
    take: takeSeat,
    args: [weight, capacity, CLAIM_MS],
    extend: extendSeat,
    release: releaseSeat,
    queues: true,
  }
}
