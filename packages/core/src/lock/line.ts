import { LockBusyError } from '../errors/lock-errors.js'
import { platform } from '../platform/index.js'
import { shared } from '../platform/shared.js'
import type { Context } from '../store/toolkit.js'
import { ANNOUNCED } from './acquire-script.js'
import { type Kind, publishes } from './kind.js'
import { type HeldLock, TakenLock } from './lock.js'
import { cap, type ResolvedLockOptions } from './options.js'
import { hear, type OnRing } from './ring.js'
import { type Busy, giveBack, take } from './take.js'
import { newToken } from './token.js'
import type { Hearing, Place } from './wait.js'

/**
 * The callers of this process that want one lock. Only the first of them asks the store; the others stand behind it, first
 * come, first served. So a process with a thousand callers costs the store no more than a process with one.
 */
export interface Line {
  readonly places: Place[]
  hearing: Hearing | undefined
  /** The fence of the release that was told since the first in line last asked; -1 for none. */
  heard: number
  /** The lock that this line took last: whoever is first now need not ask before it is over. */
  busy: Busy | undefined
  /** Its fence. What is told of older ones is old news. */
  lastFence: number
}

const DEAF: Hearing = { open() {}, isLive: () => false, stop() {} }

type Lines = WeakMap<object, Map<string, Line>>
let found: Lines | undefined

/** The lines over one adapter, of all copies of this package and all toolkits. */
function linesOf(adapter: object): Map<string, Line> {
  found ??= shared<Lines>('lines', () => new WeakMap())
  let lines = found.get(adapter)
  if (!lines) {
    lines = new Map()
    found.set(adapter, lines)
  }
  return lines
}

/**
 * Acquires a lock, at the first try or by waiting in line for it. How to wait is loaded by the first that has to.
 *
 * Nobody stands in a shared line who does not wait, whose place is kept by the store, or who serves a request on Workers,
 * where one request must not wait for another.
 *
 * Rejects with LockBusyError, LockStoreError or the reason of `signal`.
 */
export async function acquireInLine(context: Context, kind: Kind, options: ResolvedLockOptions): Promise<HeldLock> {
  const { monotonicMs, events, store } = context
  const { signal } = options
  const { channels, queues } = kind
  const startedMs = monotonicMs()
  const waitMs = cap(options, options.waitMs)
  const token = publishes(context) ? ANNOUNCED + newToken() : newToken()

  const isScoped = !!platform.scope()
  const lines = waitMs > 0 && !isScoped && !queues ? linesOf(store.adapter) : undefined
  const name = channels.length > 1 ? `${channels}` : (channels[0] as string)
  const place: Place = {}
  let line = lines?.get(name)
  if (line) line.places.push(place)
  else {
    line = { places: [place], hearing: undefined, heard: -1, busy: undefined, lastFence: 0 }
    lines?.set(name, line)
    // What another request heard or released must not settle a promise of this one: it asks by timers of its own.
    if (isScoped) line.hearing = DEAF
  }

  let answer: TakenLock | Busy | undefined
  let asked = false
  try {
    if (line.places[0] === place) {
      signal?.throwIfAborted()
      asked = true
      answer = await take(context, kind, options, token, line, waitMs > 0)
    }
    if (!(answer instanceof TakenLock) && waitMs > 0) {
      answer = await wait({ context, kind, options, token, line, place, isShared: !!lines, busy: answer }, () => {
        return waitMs - (monotonicMs() - startedMs)
      })
    }
    if (!(answer instanceof TakenLock)) throw new LockBusyError(kind.name, Math.round(monotonicMs() - startedMs))
    if (signal?.aborted) {
      await answer[Symbol.asyncDispose]()
      signal.throwIfAborted()
    }
    if (events.active) events.emit({ type: 'lockAcquired', key: kind.name, waitedMs: monotonicMs() - startedMs })
    return answer
  } finally {
    const { places } = line
    const at = places.indexOf(place)
    places.splice(at, 1)
    if (places.length === 0) {
      line.hearing?.stop()
      lines?.delete(name)
    } else if (at === 0) places[0]?.rest?.wake()
    if (queues && asked && !(answer instanceof TakenLock)) await giveBack(context, kind, token, options.ttlMs)
  }
}

interface Waiter {
  readonly context: Context
  readonly kind: Kind
  readonly options: ResolvedLockOptions
  readonly token: string
  readonly line: Line
  readonly place: Place
  readonly isShared: boolean
  /** The answer to the first try, where there was one. */
  readonly busy: Busy | undefined
}

/** Waits in line until the lock is ours or no time is left. @returns the last answer */
async function wait(
  { context, kind, options, token, line, place, isShared, busy }: Waiter,
  leftMs: () => number,
): Promise<TakenLock | Busy | undefined> {
  const { adapter } = context.store
  const { signal } = options
  let answer: TakenLock | Busy | undefined
  const hearHere = (onRing: OnRing) => hear(adapter, kind.channels, onRing)
  // Loading takes a moment the first time, and what this line releases meanwhile is told only once.
  const unhear = hearHere((fence) => {
    if (isShared) line.heard = fence ? Number(fence) : Number.POSITIVE_INFINITY
  })
  let waiting: Promise<void>
  try {
    const { waitInLine } = await import('./wait.js')
    waiting = waitInLine({
      adapter,
      channels: kind.channels,
      hear: hearHere,
      line,
      place,
      token,
      signal,
      async ask() {
        signal?.throwIfAborted()
        answer = await take(context, kind, options, token, line, leftMs() > 0)
        return answer instanceof TakenLock ? undefined : answer
      },
      busy,
      leftMs,
    })
  } finally {
    // It hears by itself now.
    unhear()
  }
  await waiting
  return answer
}
