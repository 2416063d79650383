import type { PoolCounts } from '../errors/pool-exhausted-error.js'
import type { Script } from './script.js'

/**
 * A store, as Larder sees one: a dozen primitives over string keys and string values. An adapter maps each to a command
 * and holds no policy. It never retries, prefixes, times out, counts or fails open by itself: those rules live in the
 * guard around it, once, for every adapter.
 *
 * To write one: implement the methods as their comments say, then run the contract suite of `@larder/core/testing`.
 *
 * - Keys and values are literal text and come back character for character: `'8'`, `'null'`, `''`, emoji.
 * - A failure rejects with any error; one with `retryable: false` is not worth another try. It never resolves to a value
 *   that could be taken for an answer.
 * - Nothing is opened by constructing an adapter. The first call connects; calls that come meanwhile share that attempt;
 *   an attempt that failed is forgotten, so the next call tries anew.
 */
export interface Adapter {
  /** A short name for errors, events and `health()`: `memory`, `tcp`, `http`. */
  readonly name: string
  /** What it can do, known before it is connected. */
  readonly capabilities: Capabilities

  /**
   * The values at `keys`, in order, in one round trip. `null` is a miss; `''` is a value. A key given twice is answered
   * twice. No keys: `[]`, without asking the store.
   */
  getMany(keys: readonly string[], call?: CallOptions): Promise<(string | null)[]>

  /**
   * Stores `value`, as one atomic step together with its condition and its time to live.
   * @returns `true` when stored, `false` when the condition did not hold (then nothing has changed).
   */
  set(key: string, value: string, options?: SetOptions & CallOptions): Promise<boolean>

  /** Deletes `keys`. @returns how many there were. */
  delete(keys: readonly string[], call?: CallOptions): Promise<number>

  /** Deletes `key` only while its value is `matches`, atomically. @returns whether it did. */
  deleteIf(key: string, matches: string, call?: CallOptions): Promise<boolean>

  /**
   * Gives `key` a new time to live only while its value is `matches`, atomically. `ttlMs` is a positive integer.
   * @returns whether it did.
   */
  expireIf(key: string, matches: string, ttlMs: number, call?: CallOptions): Promise<boolean>

  /**
   * Deletes every key that fits a Redis glob (`*`, `?`, `[a-z]`, `[^a]`, backslash escapes). Not atomic: a key written
   * meanwhile may stay. It walks the whole store in small steps (SCAN and UNLINK, never KEYS), on every node.
   * @returns how many were deleted.
   */
  deleteMatching(pattern: string, call?: CallOptions): Promise<number>

  /** Runs `script` atomically: nobody sees or changes `keys` meanwhile. Every key it touches is in `keys`. */
  run<R>(script: Script<R>, keys: readonly string[], args: readonly (string | number)[], call?: CallOptions): Promise<R>

  /** Sends `message` to the subscribers of `channel`, in every process. @returns how many were reached, where known. */
  publish?(channel: string, message: string): Promise<number>

  /** Listens to channels by name or by glob. Resolves once messages arrive. Present exactly when `capabilities.subscribe`. */
  subscribe?(channels: Channels, listener: Listener): Promise<Subscription>

  /** One round trip to the store. @returns its duration in milliseconds. */
  ping(call?: CallOptions): Promise<number>

  /** The connections of an adapter with a pool, and who waits for them: shown by `health()`. */
  counts?(): PoolCounts

  /**
   * How many commands its provider would bill for so far. Where it is missing, each call counts as one: right for every
   * call but `deleteMatching`, and for scripts where what they do inside is billed too.
   */
  billed?(): number

  /**
   * Where time limits of calls are kept, if that can be had for less than a timer of the runtime for each. One that does
   * not keep the process alive is enough while a call under way does.
   * @default `globalThis`
   */
  readonly timers?: Timers

  /** The raw client underneath, connected, for everything this interface leaves out. */
  client(): Promise<unknown>

  /**
   * Ends what the adapter itself has opened; a client that was handed to it stays open. Idempotent. Calls made
   * afterwards reject.
   */
  close(): Promise<void>
}

/** As the runtime's own. */
export interface Timers {
  setTimeout(callback: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

/** What an adapter can do. The contract suite holds it to its word, the engines choose by it. */
export interface Capabilities {
  /** `publish` and `subscribe` are there. */
  readonly subscribe: boolean
  /**
   * Whether a subscription may stand for as long as the process does: it costs nothing while it is silent, and keeps no
   * process alive that does not want to (see {@link Listener.holdsProcess}).
   * @default as `subscribe`
   */
  readonly standingSubscriptions?: boolean
  /** Runs the Lua of a {@link Script} on a server, or its step in this process. */
  readonly scripts: 'lua' | 'step'
  /** `set` with `when: { matches }` is one command of the store, rather than a script. */
  readonly atomicSet: boolean
  /** Times to live are kept to this many milliseconds: 1 for Redis. */
  readonly ttlGranularityMs: number
  /**
   * Each command has its price, so that engines rather read again, a bounded number of times, than send messages.
   * @default false
   */
  readonly payPerCommand?: boolean
  /**
   * The most milliseconds that a call should take, unless configured: 1,000 over HTTP.
   * @default 250
   */
  readonly budgetMs?: number
}

/** What the guard tells an adapter about a single call. */
export interface CallOptions {
  /**
   * Aborts when the caller no longer waits. An adapter that can cancel should; it may also ignore it. Made on first
   * reading: an adapter without use for it costs nothing.
   */
  readonly signal?: AbortSignal
  /** Sending the call a second time would be harmless, should its answer get lost. Not so for counters and lock takes. */
  readonly replayable?: boolean
}

/** How {@link Adapter.set} stores. */
export interface SetOptions {
  /**
   * Milliseconds until the key is gone; a positive integer. Absent: for ever.
   * @throws UsageError (`ERR_INVALID_OPTION`) for 0, a negative number, a fraction or NaN.
   */
  readonly ttlMs?: number
  /** Store only if the key is absent, or only if it now has exactly this value. */
  readonly when?: 'absent' | { readonly matches: string }
}

/** Channel names, or globs, to listen to. */
export type Channels = readonly string[] | { readonly patterns: readonly string[] }

/** Receives what a subscription brings. It must not throw. */
export interface Listener {
  /** Whether the process stays alive for the sake of this subscription. @default true */
  readonly holdsProcess?: boolean
  /** A message, and the channel that it was published to, by its full name. */
  onMessage(message: string, channel: string): void
  /** The connection broke: messages may have been missed. The subscription comes back by itself. */
  onDisconnect?(): void
  /** The subscription is back after a disconnect: what is published from here on arrives again. */
  onReconnect?(): void
}

/** What {@link Adapter.subscribe} gives. */
export interface Subscription {
  /** Stops listening. Idempotent. */
  unsubscribe(): Promise<void>
}
