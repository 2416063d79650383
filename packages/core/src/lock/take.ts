import { LockStoreError } from '../errors/lock-errors.js'
import type { StoreError } from '../errors/store-error.js'
import type { Context } from '../store/toolkit.js'
import { backgroundTimer } from '../time/timer.js'
import { acquireScript, takeArgs } from './acquire-script.js'
import { type Kind, releaseBy } from './kind.js'
import { createLock, type HeldLock } from './lock.js'
import type { ResolvedLockOptions } from './options.js'

/** Another has it. */
export interface Busy {
  /** How long at most, unless it is extended. */
  readonly holderMs: number
  /** Whether its release will be published. */
  readonly announced: boolean
}

/**
 * One try. Never replayed: a take whose answer got lost would then be refused by its own token.
 *
 * @param queue whether to stand in the queue if it is not free, where the kind has one
 * @throws LockStoreError when the store fails. The take may have arrived all the same: whoever holds the lock is told by
 * the token, and a lock that nobody knows to be theirs is given back.
 */
export async function take(
  context: Context,
  kind: Kind,
  token: string,
  options: ResolvedLockOptions,
  queue: 0 | 1,
): Promise<HeldLock | Busy> {
  const { store, monotonicMs } = context
  const ttlMs = options.cap(options.ttlMs)
  // No time left to hold it.
  if (ttlMs < 1) return { holderMs: 0, announced: false }
  const sentAtMs = monotonicMs()
  const hold = (fence: number): HeldLock | Promise<Busy> => {
    const lock = createLock(context, kind, { token, fence, sentAtMs, ttlMs }, options)
    // Not so when the answer took longer than the lock lasts: then reading its signal ends it.
    if (lock.expiresAtMs > context.now() || !lock.signal.aborted) return lock
    return giveBack(context, kind, token, ttlMs).then(() => ({ holderMs: 0, announced: false }))
  }
  try {
    const answer = await store.call('run', false, (to, call) =>
      to.run(kind.take, kind.keys, [...takeArgs(token, ttlMs), ...kind.args, ...(kind.queues ? [queue] : [])], call),
    )
    if (!Array.isArray(answer) || !answer.every(Number.isFinite)) throw new TypeError('not an answer to a take')
    const [taken, fenceOrHolderMs, announced] = answer
    if (taken === 1) return hold(fenceOrHolderMs)
    return { holderMs: fenceOrHolderMs < 0 ? Number.POSITIVE_INFINITY : fenceOrHolderMs, announced: announced === 1 }
  } catch (error) {
    // The connection broke: did the take get through? While the lock has our token, its fence is ours too.
    const leftMs = store.budgetMs - (monotonicMs() - sentAtMs)
    if (kind.take === acquireScript && (error as StoreError).reason === 'unavailable' && leftMs >= 1) {
      const [holder, fence] = await store.read(kind.keys, leftMs).catch(() => [])
      if (holder === token) return hold(Number(fence))
    }
    await giveBack(context, kind, token, ttlMs)
    throw new LockStoreError(kind.name, error)
  }
}

/**
 * Releases in the background, until the store has said that nothing of ours is there, or the time is over anyway.
 * Resolves when the first release is on its way. Never rejects.
 */
export async function giveBack(context: Context, kind: Kind, token: string, ttlMs: number): Promise<void> {
  // Without it nobody keeps the runtime alive for the release, which is sent all the same.
  const { background } = await import('../platform/background.js').catch(() => ({ background: () => {} }))
  const endsAtMs = context.monotonicMs() + ttlMs
  let misses = 0
  const attempt = () => {
    const released = releaseBy(context, kind, token).then(
      // A take on its way may still arrive behind the first release.
      (found) => !found && misses++ === 0 && later(),
      () => later(),
    )
    background(context, released)
  }
  const later = () => {
    if (context.monotonicMs() < endsAtMs) backgroundTimer(attempt, (Math.random() * ttlMs) / 10)
  }
  attempt()
}
