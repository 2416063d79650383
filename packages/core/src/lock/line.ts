import { LockBusyError } from '../errors/lock-errors.js'
import { randomId } from '../keys/random.js'
import { platform } from '../platform/index.js'
import { shared } from '../platform/shared.js'
import type { Context } from '../store/toolkit.js'
import { ANNOUNCED } from './acquire-script.js'
import { type Kind, publishes } from './kind.js'
import type { HeldLock } from './lock.js'
import type { ResolvedLockOptions } from './options.js'
import { hear, type OnRing } from './ring.js'
import { type Busy, giveBack, take } from './take.js'
import type { Hearing, Place } from './wait.js'

/**
 * The callers of this process that want one lock. Only the first of them asks the store; the others stand behind it, first
 * come, first served. So a process with a thousand callers costs the store no more than a process with one.
 */
export interface Line {
  readonly places: Place[]
  hearing?: Hearing
  /** The fence of the release that was told since the first in line last asked; -1 for none. */
  heard: number
  /** The lock that this line took last: whoever is first now need not ask before it is over. */
  busy?: Busy | undefined
  /** Its fence. What is told of older ones is old news. */
  lastFence: number
}

const DEAF: Hearing = { isLive: () => false, stop() {} }

const lines = () => shared('lines', () => new WeakMap<object, Map<string, Line>>())

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
  const startedMs = monotonicMs()
  const waitedMs = () => monotonicMs() - startedMs
  const waitMs = options.cap(options.waitMs)
  const token = (publishes(context) ? ANNOUNCED : '') + randomId()

  const name = `${kind.channels}`
  const own = lines().get(store.adapter) ?? new Map<string, Line>()
  lines().set(store.adapter, own)
  const isShared = waitMs > 0 && !platform.scope() && !kind.queues
  const line = (isShared && own.get(name)) || { places: [], heard: -1, lastFence: 0 }
  if (isShared) own.set(name, line)
  // What another request heard or released must not settle a promise of this one: it asks by timers of its own.
  if (platform.scope()) line.hearing = DEAF
  const place: Place = {}
  line.places.push(place)

  let asked: number | undefined
  let lock: HeldLock | undefined
  let unhear = () => {}
  const ask = async () => {
    signal?.throwIfAborted()
    asked = 1
    line.heard = -1
    const answer = await take(context, kind, token, options, waitedMs() < waitMs ? 1 : 0).catch((error) => {
      // Nobody behind would fare better with the store, and each would have to find that out by itself.
      for (const { rest } of line.places) rest?.fail(error)
      throw error
    })
    line.busy = undefined
    if (!('fence' in answer)) return answer
    lock = answer
    line.busy = { holderMs: options.ttlMs, announced: true }
    line.lastFence = lock.fence
    return undefined
  }
  try {
    let busy: Busy | undefined
    if (line.places[0] === place) busy = await ask()
    if (!lock && waitMs > 0) {
      const hearHere = (onRing: OnRing) => hear(store.adapter, kind.channels, onRing)
      // Loading takes a moment the first time, and what this line releases meanwhile is told only once.
      unhear = hearHere((fence) => {
        if (isShared) line.heard = fence ? Number(fence) : Number.POSITIVE_INFINITY
      })
      const { waitInLine } = await import('./wait.js')
      const waiting = waitInLine({
        ...store,
        ...kind,
        hear: hearHere,
        line,
        place,
        token,
        signal,
        ask,
        busy,
        leftMs: () => waitMs - waitedMs(),
      })
      // It hears by itself now.
      unhear()
      await waiting
    }
    if (!lock) throw new LockBusyError(kind.name, Math.round(waitedMs()))
    if (signal?.aborted) {
      await lock[Symbol.asyncDispose]()
      signal.throwIfAborted()
    }
    if (events.active) events.emit({ type: 'lockAcquired', key: kind.name, waitedMs: waitedMs() })
    return lock
  } finally {
    unhear()
    const at = line.places.indexOf(place)
    line.places.splice(at, 1)
    if (line.places.length === 0) {
      line.hearing?.stop()
      if (isShared) own.delete(name)
    } else if (at === 0) line.places[0]?.rest?.wake()
    if (kind.queues && asked && !lock) await giveBack(context, kind, token, options.ttlMs)
  }
}
