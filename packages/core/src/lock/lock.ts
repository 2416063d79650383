import { LockLostError, LockStoreError, lockStoreFailed } from '../errors/lock-errors.js'
import type { Context } from '../store/toolkit.js'
import { type Duration, optionalMs } from '../time/duration.js'
import { backgroundTimer } from '../time/timer.js'
import { extendBy, type Kind, publishes, releaseBy } from './kind.js'
import { cap, type ResolvedLockOptions } from './options.js'
import { ring } from './ring.js'

/** A lock that is held, until it is released or lost. */
export interface Lock {
  /** The name it was asked by; of several, with commas between. */
  readonly key: string
  /** What proves in the store that it is ours: the plain value at its key. */
  readonly token: string
  /** A number that grows strictly with each holder of the key, for what is written to check. */
  readonly fence: number
  /**
   * Aborts when the lock is lost, with `LockLostError` as its reason: at the latest when its time is up by this process'
   * own monotonic clock, whether or not the store can be reached.
   */
  readonly signal: AbortSignal
  /** When its time is up, on the wall clock. Moves with each extension. */
  readonly expiresAtMs: number
  /**
   * Gives it a new time, counted from now. @default the one it was last given
   * @throws LockLostError when it is no longer ours; LockStoreError when the store cannot say
   */
  extend(ttl?: Duration): Promise<void>
  /**
   * Lets go, so that others need not wait for the time to end. Idempotent.
   * @returns whether it was still ours. @throws LockStoreError when the store cannot say
   */
  release(): Promise<boolean>
  /** Releases it at the end of an `await using` block. Never rejects: a release that failed is told by an event. */
  [Symbol.asyncDispose](): Promise<void>
}

/** How to run a body so that what it calls knows of the lock: there where it was asked for as reentrant. */
export const RUN: unique symbol = Symbol.for('larder.run')

/** A lock as it is handed out, with what only `withLock` uses. */
export interface HeldLock extends Lock {
  [RUN]?<Result>(body: () => Promise<Result>): Promise<Result>
}

/** What is taken off the time to live: clocks do not run at quite the same speed. */
const drift = (ttlMs: number) => Math.ceil(ttlMs / 100) + 2

/** A lock that a take has won. A class, not a dozen closures for each lock of which most are never called. */
export class TakenLock implements HeldLock {
  readonly key: string
  #state: 'held' | 'released' | 'lost' = 'held'
  /** By our own monotonic clock. */
  #deadlineMs = 0
  /** When it is next to be extended by itself; Infinity while it is not, or an extension is under way. */
  #renewAtMs = Number.POSITIVE_INFINITY
  /** One for both, since most locks are released before either comes. */
  #cancelTimer: (() => void) | undefined
  #expiresAtMs: number | undefined
  #ttlMs = 0
  /** What extensions ask for, before it is capped. */
  #wantedMs: number
  #extending: Promise<unknown> | undefined
  // Made on demand: it costs more than the rest of the lock together, and most bodies never look.
  #controller: AbortController | undefined
  readonly #context: Context
  readonly #kind: Kind
  readonly #options: ResolvedLockOptions

  /**
   * @param sentAtMs monotonic, from before the take was sent: the store's clock began later, never earlier
   * @param ttlMs the time that it was taken for
   */
  constructor(
    context: Context,
    kind: Kind,
    options: ResolvedLockOptions,
    readonly token: string,
    readonly fence: number,
    sentAtMs: number,
    ttlMs: number,
  ) {
    this.#context = context
    this.#kind = kind
    this.#options = options
    this.key = kind.name
    this.#wantedMs = options.ttlMs
    this.#hold(sentAtMs, ttlMs)
  }

  get signal(): AbortSignal {
    this.isOurs()
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#state === 'lost') this.#controller.abort(new LockLostError(this.key))
    }
    return this.#controller.signal
  }

  get expiresAtMs(): number {
    const { now, monotonicMs } = this.#context
    this.#expiresAtMs ??= Math.floor(now() + this.#deadlineMs - monotonicMs())
    return this.#expiresAtMs
  }

  /** Whether it is still ours by our own clock. After a freeze it may not be, before any timer has said so. */
  isOurs(): boolean {
    if (this.#state === 'held' && this.#context.monotonicMs() >= this.#deadlineMs) this.#lose()
    return this.#state === 'held'
  }

  // Both need no object around them: `const { release } = await locks.acquire('job')`.
  readonly extend = async (ttl?: Duration): Promise<void> => {
    await this.#extend(optionalMs(ttl, 'ttl', 1) ?? this.#wantedMs)
  }

  readonly release = async (): Promise<boolean> => {
    if (!this.isOurs()) return false
    this.#end('released')
    const { key, fence } = this
    const { store, events } = this.#context
    const kind = this.#kind
    try {
      const ours = await releaseBy(this.#context, kind, this.token, fence)
      // Those in a queue are told by the store whose turn it is, where it can.
      if (!kind.queues || !publishes(this.#context)) ring(store.adapter, kind.channels, `${fence}`)
      if (events.active) events.emit({ type: 'lockReleased', key })
      return ours
    } catch (error) {
      events.emit({ type: 'lockReleaseFailed', key, error })
      throw new LockStoreError(key, error)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The block's own result or error wins. The failure was told by event, and the lock frees itself in time.
    await this.release().catch(() => false)
  }

  #end(as: 'released' | 'lost'): void {
    this.#state = as
    this.#cancelTimer?.()
  }

  #lose(): void {
    const { key } = this
    this.#end('lost')
    this.#controller?.abort(new LockLostError(key))
    this.#context.events.emit({ type: 'lockLost', key })
  }

  /** The lock has `ttlMs` from `sentAtMs` on. */
  #hold(sentAtMs: number, ttlMs: number): void {
    this.#ttlMs = ttlMs
    this.#deadlineMs = sentAtMs + ttlMs - drift(ttlMs)
    this.#expiresAtMs = undefined
    // Where the invocation ends sooner, no extension gives more than the clocks' difference back, and each has its price.
    const pauseMs = ttlMs < this.#wantedMs ? 0.9 * ttlMs : ttlMs / 3
    this.#wakeIn(this.#options.extend ? pauseMs : Number.POSITIVE_INFINITY)
  }

  /** Sets the timer for the extension that is due after `pauseMs`, or for the deadline if that comes first. */
  #wakeIn(pauseMs: number): void {
    const nowMs = this.#context.monotonicMs()
    this.#renewAtMs = nowMs + pauseMs
    this.#cancelTimer?.()
    this.#cancelTimer = backgroundTimer(() => this.#wake(), Math.min(pauseMs, this.#deadlineMs - nowMs))
  }

  #wake(): void {
    if (!this.isOurs()) return
    const pauseMs = this.#renewAtMs - this.#context.monotonicMs()
    // Timers may come a moment early.
    const isDue = pauseMs < 1
    this.#wakeIn(isDue ? Number.POSITIVE_INFINITY : pauseMs)
    if (!isDue) return
    // A failed extension is tried again, with jitter, for as long as our own time lasts.
    this.#extend(this.#wantedMs).catch(() => {
      if (this.isOurs()) this.#wakeIn((Math.random() * this.#ttlMs) / 10)
    })
  }

  /** One at a time: of two on their way, nobody could tell which the store has seen last. */
  #extend(nextMs: number): Promise<void> {
    const extended = (this.#extending ?? Promise.resolve()).then(() => this.#extendNow(nextMs))
    this.#extending = extended.catch(() => {})
    return extended
  }

  async #extendNow(nextMs: number): Promise<void> {
    const { key } = this
    if (!this.isOurs()) throw new LockLostError(key)
    const ttlMs = Math.max(1, cap(this.#options, nextMs))
    const sentAtMs = this.#context.monotonicMs()
    const extended = await extendBy(this.#context, this.#kind, this.token, ttlMs).catch(lockStoreFailed(key))
    // A release or the deadline that came meanwhile has the last word.
    if (this.isOurs() && !extended) this.#lose()
    if (!this.isOurs()) throw new LockLostError(key)
    this.#wantedMs = nextMs
    this.#hold(sentAtMs, ttlMs)
  }
}
