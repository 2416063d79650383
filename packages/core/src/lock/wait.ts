import type { Adapter, Subscription } from '../adapter/adapter.js'
import type { Line } from './line.js'
import type { OnRing } from './ring.js'
import type { Busy } from './take.js'

// Loaded by the first caller that has to wait. It imports nothing but types: what it shared with the rest of the package
// would become a file of its own, which everybody loads.

/** The bounds between which the pauses of those who are not told of releases double, before jitter. */
const FIRST_PAUSE_MS = 10
const MAX_PAUSE_MS = 250
/** The longest pause of those who are told: a connection can be dead without saying so. */
const LONGEST_REST_MS = 10_000
/** For how long those behind a holder of their own line do without the store's messages: it tells them by itself. */
const ALONE_MS = 100

/** For how long a place is kept for those whose turn it is, and the message's way. As `CLAIM_MS` in `seats.ts`. */
const CLAIMED_MS = 1_010

/** A caller's place in a line. */
export interface Place {
  /** What it does at the moment, unless it asks. */
  rest?: Rest
}

interface Waiting {
  readonly adapter: Adapter
  readonly channels: readonly string[]
  /** Has the function told of releases by this process. @returns what ends it */
  readonly hear: (onRing: OnRing) => () => void
  readonly line: Line
  readonly place: Place
  readonly token: string
  readonly signal: AbortSignal | undefined
  /** The answer to the first try, where there was one. */
  readonly busy: Busy | undefined
  /** One try. @returns who has it; `undefined` when we have it now */
  ask(): Promise<Busy | undefined>
  leftMs(): number
}

/**
 * Waits until `ask` has the lock, or no time is left.
 *
 * The first in line asks; refused, it rests until a release is told (by publish, or in this process) or the holder's time
 * is over, whichever comes first. Where releases are not told, it asks again after pauses with full jitter. At the end of
 * its time it asks once more.
 */
export async function waitInLine({ busy, ...at }: Waiting): Promise<void> {
  const { line, place, signal, leftMs } = at
  const pause = (ms: number) => {
    place.rest = rest(Math.min(ms, leftMs()), signal)
    return place.rest.over
  }
  /** What was told of locks before our own says nothing about ours. */
  const isFree = () => line.heard >= line.lastFence
  line.hearing ??= listen(at, (message) => {
    const [fence, ...due] = message.split(' ')
    if (due[0] && !due.includes(at.token)) {
      // It is another's turn. Should that one not come, its place is free after a second.
      if (due[0] !== '-') place.rest?.atMost(CLAIMED_MS * (1 + Math.random() / 10))
      return
    }
    line.heard = message ? Number(fence) : Number.POSITIVE_INFINITY
    if (isFree()) line.places[0]?.rest?.wake()
  })
  while (line.places[0] !== place) {
    if (leftMs() <= 0) return
    await pause(leftMs())
  }
  busy ??= line.busy
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    if (busy) {
      const isOwn = busy === line.busy
      // Each message is one more to be read at the very moment of the hand-over.
      if (isOwn && !line.hearing.isLive() && !isFree()) await pause(Math.min(ALONE_MS, busy.holderMs + 1))
      if (!isFree()) {
        line.hearing.open()
        const isTold = isOwn || (busy.announced && line.hearing.isLive())
        await pause(Math.min(isTold ? LONGEST_REST_MS : Math.random() * pauseMs, busy.holderMs + 1))
      }
    }
    busy = await at.ask()
    if (!busy || leftMs() <= 0) return
  }
}

/** A pause that can be cut short. */
export interface Rest {
  /** Resolves after the pause or when woken, rejects with the reason of the signal as soon as it aborts. */
  readonly over: Promise<void>
  wake(): void
  /** Makes it no longer than this from now on, but never longer than it was to be. */
  atMost(ms: number): void
  /** Ends it with an error. */
  fail(error: unknown): void
}

/** The longest pause that `setTimeout` takes; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Unlike a timer in the background, it keeps the process alive: somebody awaits it. */
function rest(pauseMs: number, signal: AbortSignal | undefined): Rest {
  let settle!: { resolve: () => void; reject: (error: unknown) => void }
  const over = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  const end = () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
  const wake = () => {
    end()
    settle.resolve()
  }
  const fail = (error: unknown) => {
    end()
    settle.reject(error)
  }
  const onAbort = () => fail(signal?.reason)
  const endsAtMs = performance.now() + pauseMs
  let timer: ReturnType<typeof setTimeout> | undefined
  const atMost = (ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(wake, Math.max(0, Math.min(ms, endsAtMs - performance.now(), MAX_TIMER_MS)))
  }
  atMost(pauseMs)
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) onAbort()
  return { over, wake, atMost, fail }
}

/** Hears of releases by this process, until it stops. */
export interface Hearing {
  /** Hears of those by other processes too, where the adapter can subscribe. */
  open(): void
  /** Whether it does. */
  isLive(): boolean
  stop(): void
}

/**
 * Listens for releases. When a subscription begins to be live or breaks, messages may have been missed: the listener is
 * told as if by a release.
 */
function listen({ adapter, channels, hear }: Omit<Waiting, 'busy'>, onRing: OnRing): Hearing {
  let isLive = false
  let stopped = false
  let subscription: Promise<Subscription | undefined> | undefined
  const unhear = hear(onRing)

  async function subscribe(): Promise<Subscription | undefined> {
    const opened = await adapter.subscribe?.(channels, {
      onMessage(message) {
        isLive = true
        onRing(message)
      },
      onDisconnect() {
        isLive = false
        onRing('')
      },
    })
    isLive = opened !== undefined
    if (isLive && !stopped) onRing('')
    return opened
  }

  return {
    open() {
      // Where that fails, those who wait ask again from time to time.
      subscription ??= subscribe().catch(() => undefined)
    },
    isLive: () => isLive,
    stop() {
      stopped = true
      unhear()
      subscription?.then((opened) => opened?.unsubscribe()).catch(() => {})
    },
  }
}
