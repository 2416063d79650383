import { LockStoreError } from '../errors/lock-errors.js'
import type { StoreError } from '../errors/store-error.js'
import type { Context } from '../store/toolkit.js'
import { backgroundTimer } from '../time/timer.js'
import { acquireScript, type Take } from './acquire-script.js'
import { type Kind, releaseBy } from './kind.js'
import type { Line } from './line.js'
import { TakenLock } from './lock.js'
import { cap, type ResolvedLockOptions } from './options.js'

/** Another has it. */
export interface Busy {
  /** How long at most, unless it is extended. */
  readonly holderMs: number
  /** Whether its release will be published. */
  readonly announced: boolean
}

/** What there is for those who have no time left to hold it. */
const NO_TIME: Busy = { holderMs: 0, announced: false }

/**
 * One try, of which all in the line learn. Never replayed: a take whose answer got lost would then be refused by its own
 * token.
 *
 * @param queue whether to stand in the queue if it is not free, where the kind has one
 * @throws LockStoreError when the store fails. The take may have arrived all the same: whoever holds the lock is told by
 * the token, and a lock that nobody knows to be theirs is given back.
 */
export async function take(
  context: Context,
  kind: Kind,
  options: ResolvedLockOptions,
  token: string,
  line: Line,
  queue: boolean,
): Promise<TakenLock | Busy> {
  line.heard = -1
  const ttlMs = cap(options, options.ttlMs)
  let answer: TakenLock | Busy = NO_TIME
  const sentAtMs = context.monotonicMs()
  const hold = (fence: number) => new TakenLock(context, kind, options, token, fence, sentAtMs, ttlMs)
  try {
    const args = [token, ttlMs, ...kind.args]
    if (kind.queues) args.push(queue ? 1 : 0)
    // No time left to hold it: then it is not even asked for.
    if (ttlMs > 0) {
      const took = await context.store.call('run', false, (to, call) => to.run(kind.take, kind.keys, args, call))
      answer = typeof took === 'number' && took > 0 ? hold(took) : toBusy(took)
    }
  } catch (error) {
    const fence = await settle(context, kind, token, error as StoreError, sentAtMs)
    if (!fence) {
      await giveBack(context, kind, token, ttlMs)
      const failed = new LockStoreError(kind.name, error)
      // Nobody behind would fare better with the store, and each would have to find that out by itself.
      for (const { rest } of line.places) rest?.fail(failed)
      throw failed
    }
    answer = hold(fence)
  }
  if (answer instanceof TakenLock && !answer.isOurs()) {
    // The answer took longer than the lock lasts.
    await giveBack(context, kind, token, ttlMs)
    answer = NO_TIME
  }
  if (answer instanceof TakenLock) {
    line.lastFence = answer.fence
    line.busy = { holderMs: options.ttlMs, announced: true }
  } else {
    line.busy = undefined
  }
  return answer
}

/** @throws TypeError for what is no answer of the script: a lying store must not let anybody in */
function toBusy(answer: Take): Busy {
  if (!Array.isArray(answer) || !answer.every(Number.isFinite)) throw new TypeError('not an answer to a take')
  const [holderMs, announced] = answer
  return { holderMs: holderMs < 0 ? Number.POSITIVE_INFINITY : holderMs, announced: announced === 1 }
}

/**
 * Whether a take has arrived whose connection broke: while the lock has our token, it is ours, and so is the fence beside
 * it. Asked within the budget of the take.
 */
async function settle(
  { store, monotonicMs }: Context,
  kind: Kind,
  token: string,
  { reason }: StoreError,
  sentAtMs: number,
): Promise<number | undefined> {
  const leftMs = store.budgetMs - (monotonicMs() - sentAtMs)
  if (kind.take !== acquireScript || reason !== 'unavailable' || leftMs < 1) return undefined
  const [holder, fence] = await store.read(kind.keys, leftMs).catch(() => [])
  return holder === token ? Number(fence) : undefined
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
