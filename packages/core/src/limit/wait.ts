import { blockedMs } from './decision.js'
import type { LimitOutcome } from './outcome.js'

/** The longest pause, before jitter, where nobody knows when to ask again: a place, or the store, may come back at any time. */
const MAX_GUESS_MS = 250
/** The first of these. They double from there. */
const FIRST_GUESS_MS = 10
/** The longest pause that `setTimeout` takes. */
const MAX_PAUSE_MS = 2 ** 31 - 1

export interface Patience {
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignal | undefined
}

/** The call that waits. */
interface Asked {
  check(): Promise<LimitOutcome>
  /** Gives back what a check has spent. Does not reject. */
  giveBack(outcome: LimitOutcome): Promise<void>
}

/** What waiting needs of the engine's parts. */
interface Waiting {
  sleep(pauseMs: number, signal?: AbortSignal): Promise<void>
  refusal(outcome: LimitOutcome): Error
  isAlone(): boolean
}

/**
 * Makes a function that asks until a check is allowed, and sleeps in between for exactly as long as the answer tells,
 * where it tells.
 *
 * Calls for one key go one after the other: all but the first would ask in vain, each for a command. Not so on Workers:
 * a request that is over resolves nothing any more, and whoever stood behind it would wait for ever.
 */
export function createLines({ sleep, refusal, isAlone }: Waiting, monotonicMs: () => number) {
  /** For each key, when the last of its line is through. */
  const lines = new Map<string, Promise<unknown>>()

  async function ask({ check, giveBack }: Asked, deadlineMs: number, signal?: AbortSignal) {
    for (let guessMs = FIRST_GUESS_MS; ; guessMs = Math.min(2 * guessMs, MAX_GUESS_MS)) {
      const outcome = await check()
      if (signal?.aborted) {
        // Nobody is there any more to use what was spent.
        await giveBack(outcome)
        signal.throwIfAborted()
      }
      if (outcome.allowed) return outcome

      const leftMs = deadlineMs - monotonicMs()
      // What the store would say, nobody knows while it is away.
      const knownMs = outcome.status === 'undecided' ? 0 : blockedMs(outcome)
      if (leftMs <= 0 || knownMs > leftMs || outcome.reason === 'deny-list') throw refusal(outcome)
      const pauseMs = knownMs < outcome.retryAfterMs ? Math.max(knownMs, Math.random() * guessMs) : knownMs
      await sleep(Math.min(pauseMs, leftMs, MAX_PAUSE_MS), signal)
    }
  }

  /** Resolves when `ahead` does, or at the deadline. */
  async function untilThrough(ahead: Promise<unknown>, deadlineMs: number, signal?: AbortSignal): Promise<void> {
    const over = new AbortController()
    const stop = signal ? AbortSignal.any([signal, over.signal]) : over.signal
    try {
      await Promise.race([ahead, sleep(Math.min(deadlineMs - monotonicMs(), MAX_PAUSE_MS), stop)])
    } finally {
      over.abort()
    }
  }

  return async (
    key: string,
    asked: Asked,
    { timeoutMs = Number.POSITIVE_INFINITY, signal }: Patience,
  ): Promise<LimitOutcome> => {
    signal?.throwIfAborted()
    const deadlineMs = monotonicMs() + timeoutMs
    if (isAlone()) return ask(asked, deadlineMs, signal)
    const ahead = lines.get(key)
    let leave = () => {}
    const own = new Promise<void>((resolve) => {
      leave = resolve
    })
    // Whoever leaves early does not let those behind overtake those ahead.
    const last = Promise.all([ahead, own])
    lines.set(key, last)
    try {
      if (ahead) await untilThrough(ahead, deadlineMs, signal)
      return await ask(asked, deadlineMs, signal)
    } finally {
      leave()
      if (lines.get(key) === last) lines.delete(key)
    }
  }
}
