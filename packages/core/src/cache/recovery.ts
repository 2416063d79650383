import { StoreError } from '../errors/store-error.js'
import { background } from '../platform/background.js'
import { chores } from '../platform/chores.js'
import { platform } from '../platform/index.js'
import type { Store } from '../store/store.js'
import type { Context } from '../store/toolkit.js'
import type { Eviction } from './evict.js'

// Evictions that the store did not get. They stand in the way of the cache's reads and fills until the store has them,
// so that this process serves nothing that it has evicted, however long the store was away. Loaded by the first failure.

/** The most evictions that wait. One more, and a single one takes their place: that of the whole namespace. */
const MAX_PENDING = 1_000
/** How many go out together. */
const BATCH = 100
/** The pauses between tries that nobody's call brings about double between these. */
const FIRST_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 60_000
/** How many such tries there are before only the next use of the cache, or a drain, tries again. */
const MAX_TRIES = 20
/** Of the rooms that begin with `$`, the cache's: see `keys/layout.ts`. */
const OWN_ROOMS = /^\$(kv:|all$|prefix:|tag:)/
/** How many where the runtime has to keep a request alive for them. */
const MAX_KEPT_TRIES = 3

interface Recovery {
  /** By key, in the order in which they failed, each with when to forget it. */
  readonly pending: Map<string, Pending>
  retry(): void
}

interface Pending {
  readonly eviction: Eviction
  /** By then whatever was stored before it has expired. */
  readonly untilMs: number
}

const recoveries = new WeakMap<Context, Recovery>()

/**
 * Keeps evictions of which at least one failed, to be tried again, and marks the error so. What is not the store's
 * failure stays as it is: another try would end like the first.
 * @param everything evicts the whole namespace; its stamp lives as long as any entry can
 */
export function retryLater(
  context: Context,
  evictions: readonly Eviction[],
  everything: Eviction,
  error: unknown,
): void {
  const failure = error as { -readonly [Name in keyof StoreError]?: StoreError[Name] }
  if (failure?.code !== 'ERR_STORE') return
  let recovery = recoveries.get(context)
  if (!recovery) {
    recovery = createRecovery(context)
    recoveries.set(context, recovery)
  }
  const { pending } = recovery
  const add = (eviction: Eviction) => {
    // At the end of the row if it is there already: the later one counts.
    pending.delete(eviction.key)
    pending.set(eviction.key, { eviction, untilMs: context.monotonicMs() + everything.ttlMs })
  }
  evictions.forEach(add)
  if (pending.size > MAX_PENDING || pending.has(everything.key)) {
    pending.clear()
    add(everything)
  }
  recovery.retry()
  failure.willRetry = true
  failure.message += '. The eviction will be tried again before this process next uses the cache'
}

function createRecovery(context: Context): Recovery {
  const { store, monotonicMs, events, namespace } = context
  const pending: Recovery['pending'] = new Map()

  async function send(item: Pending, budgetMs: number): Promise<void> {
    const { eviction, untilMs } = item
    const { key, ttlMs } = eviction
    if (untilMs > monotonicMs()) {
      await store.call(
        'set',
        true,
        (to, call) => to.set(key, eviction.text(), Object.assign(call, { ttlMs })),
        budgetMs,
      )
      if (events.active) events.emit({ type: 'evict', keys: [key] })
    }
    // Unless it was evicted once more meanwhile.
    if (pending.get(key) === item) pending.delete(key)
    await eviction.stored()
  }

  async function sendAll(budgetMs: number): Promise<void> {
    const untilMs = monotonicMs() + budgetMs
    // One alone first: where the breaker lets a single call through, others beside it would fail.
    for (let size = 1; pending.size; size = BATCH) {
      const leftMs = Math.max(1, untilMs - monotonicMs())
      await Promise.all([...pending.values()].slice(0, size).map((item) => send(item, leftMs)))
    }
    chores().delete(drainThese)
  }

  let sending: { readonly scope: object | undefined; readonly promise: Promise<void> } | undefined
  /** Sends what waits, within `budgetMs`. Rejects with `StoreError`, and goes on from there the next time. */
  async function flush(budgetMs: number): Promise<void> {
    const scope = platform.scope()
    if (!sending || sending.scope !== scope) {
      const mine = { scope, promise: sendAll(budgetMs) }
      sending = mine
      const done = () => {
        if (sending === mine) sending = undefined
      }
      mine.promise.then(done, done)
    }
    await sending.promise
  }
  const drainThese = () => flush(store.budgetMs)

  async function retryUpTo(tries: number): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS
    for (let i = 0; i < tries && pending.size; i++) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs)
        ;(timer as { unref?: () => void }).unref?.()
      })
      pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)
      await flush(store.budgetMs).catch(() => {})
    }
  }

  standInTheWay(store, namespace, monotonicMs, pending, flush)
  let isRetrying = false
  return {
    pending,
    retry() {
      chores().set(drainThese, events)
      // Not where neither timers run between requests nor anybody keeps this one alive for them.
      if (platform.scope()) background(context, retryUpTo(MAX_KEPT_TRIES))
      else if (platform.idles && !isRetrying) {
        isRetrying = true
        retryUpTo(MAX_TRIES).then(() => {
          isRetrying = false
        })
      }
    },
  }
}

/**
 * Lets no read and no fill of the cache pass while evictions wait; together they take no longer than one budget. In
 * place, so that all who hold the store meet it, and for good: others may have wrapped it since. Locks, sessions and the
 * like pass, and need not fail because the store is full.
 */
function standInTheWay(
  store: Store,
  namespace: string,
  monotonicMs: () => number,
  pending: Recovery['pending'],
  flush: (budgetMs: number) => Promise<void>,
): void {
  const { read, set } = store
  const isCaches = (key: string) => !key.startsWith(`${namespace}:$`) || OWN_ROOMS.test(key.slice(namespace.length + 1))
  const isHeldUp = (keys: readonly string[]) => pending.size > 0 && keys.some(isCaches)
  async function clear(budgetMs = store.budgetMs): Promise<number> {
    const untilMs = monotonicMs() + budgetMs
    // Whole milliseconds, for reads of one tick to fold.
    const leftMs = () => Math.max(1, Math.floor(untilMs - monotonicMs()))
    let timer: ReturnType<typeof setTimeout> | undefined
    // What is under way may have been begun by one with more time.
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new StoreError(store.adapter.name, 'set', 'timeout')), budgetMs)
    })
    try {
      while (pending.size) await Promise.race([flush(leftMs()), late])
    } finally {
      clearTimeout(timer)
    }
    return leftMs()
  }
  const open = store as { -readonly [Name in keyof Store]: Store[Name] }
  open.read = (keys, budgetMs) =>
    isHeldUp(keys) ? clear(budgetMs).then((leftMs) => read(keys, leftMs)) : read(keys, budgetMs)
  open.set = (key, value, options, budgetMs) =>
    isHeldUp([key])
      ? clear(budgetMs).then((leftMs) => set(key, value, options, leftMs))
      : set(key, value, options, budgetMs)
}
