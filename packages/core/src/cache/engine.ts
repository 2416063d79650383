import { UncacheableValueError } from '../errors/uncacheable-value-error.js'
import type { MissReason } from '../events/events.js'
import { randomId } from '../keys/random.js'
import { shared } from '../platform/shared.js'
import type { Serializer } from '../serialize/serializer.js'
import type { Context } from '../store/toolkit.js'
import { createDecoder, decode } from './decoder.js'
import { type Entry, readEntry, writeEntry, writeTombstone } from './entry.js'
import { createFlights, type Flight } from './flights.js'
import { createStamps, type HeldStamps } from './stamps.js'

/** How long an eviction stops loads that began before it from storing what they bring. */
const TOMBSTONE_MS = 300_000
/** A load that took longer is not stored: the tombstone that should have stopped it may be gone. */
const MAX_LOAD_MS = TOMBSTONE_MS - 30_000

/** What all calls of one cached function have in common. */
export interface Policy<Result> {
  readonly prefix: string
  readonly serializer: Serializer
  /** Milliseconds for which a result may be served; 0 for one that is not to be stored. */
  readonly ttlMs: (result: Result) => number
  /** The most milliseconds that the store may add to a call. */
  readonly budgetMs: number
  readonly onUncacheable: (error: UncacheableValueError) => void
}

/** Where the result of one call lies. */
export interface Place<Result = unknown> {
  readonly policy: Policy<Result>
  readonly key: string
  /** The stamps that its entry must agree with: the namespace's, the prefix's, each tag's. */
  readonly stampKeys: readonly string[]
  /** The tags that readers cannot know, for the entry to carry. */
  readonly tags?: readonly string[]
}

/** A place, and how to get its result anew. */
export interface Request<Result> extends Place<Result> {
  readonly load: () => Promise<Result>
}

/** What a read brought: the entry's text, and behind it the stamps. */
type Values = readonly (string | null)[]

/** What the store holds at a place. */
export interface Lookup {
  readonly values: Values
  /** The entry, or why there is none that may be served. */
  readonly entry: Entry | MissReason
}

/** Counts since the toolkit began. */
export interface CacheStats {
  readonly hits: number
  readonly misses: number
  /** Calls that joined a load under way. */
  readonly dedupes: number
  /** Calls that went on without the store because it failed. */
  readonly fallbacks: number
}

/** Read-through caching over one toolkit's store. All its cached functions share it, so that an eviction sees every load. */
export interface Engine {
  readonly stats: CacheStats
  /** The stored result, else the load's, which is then stored. The load's own error comes through; the store's never does. */
  get<Result>(request: Request<Result>): Promise<Result>
  /** Loads, whatever is stored, and stores the result. Where something else got stored in between, neither stays. */
  refresh<Result>(request: Request<Result>): Promise<Result>
  /** Stores `result`, whatever is there. Rejects with `StoreError`, or with what the serializer throws. */
  put<Result>(place: Place<Result>, result: Result): Promise<void>
  /** Reads without loading. Rejects with `StoreError`. */
  look(place: Place<never>): Promise<Lookup>
  /** Evicts keys, and all that carries one of the stamps. Resolves once the store has it; else rejects with `StoreError`. */
  evict(keys: readonly string[], stampKeys: readonly string[]): Promise<void>
  /** Keeps loads under way from being joined and stored. */
  abandon(fits: (flight: Flight) => boolean): void
}

/** The one engine of a toolkit. */
export function engineOf(context: Context): Engine {
  const engines = shared('engines', () => new WeakMap<Context, Engine>())
  let engine = engines.get(context)
  if (!engine) {
    engine = createEngine(context)
    engines.set(context, engine)
  }
  return engine
}

function createEngine({ store, events, now, monotonicMs }: Context): Engine {
  const flights = createFlights()
  const stamps = createStamps(store)
  const stats = { hits: 0, misses: 0, dedupes: 0, fallbacks: 0 }
  const decodeEntry = store.readNow ? createDecoder() : decode

  const keysOf = ({ key, stampKeys }: Place<never>) => [key, ...stampKeys]
  const read = (place: Place<never>) => store.read(keysOf(place), place.policy.budgetMs)
  const look = async (place: Place<never>): Promise<Lookup> => {
    const values = await read(place)
    return { values, entry: readEntry(values) }
  }

  const fallBack = (prefix: string, error: unknown) => {
    stats.fallbacks++
    events.emit({ type: 'fallback', operation: 'cache', prefix, error })
  }

  /**
   * Serves what a read brought, or loads. Not `async`, nor is anything on the way of a hit: each such layer would cost as
   * much again as looking the answer up.
   */
  function serve<Result>(request: Request<Result>, values: Values, startedMs: number): Result | Promise<Result> {
    const entry = readEntry(values)
    if (typeof entry === 'string') return miss(request, values, startedMs, entry)
    let value: unknown
    try {
      value = decodeEntry(request.policy.serializer, entry.payload, values[0] as string)
    } catch {
      return miss(request, values, startedMs, 'unreadable')
    }
    if (!isPromise(value)) return hit(request, value)
    return value.then(
      (late) => hit(request, late),
      () => miss(request, values, startedMs, 'unreadable'),
    )
  }

  function hit<Result>({ key, policy }: Request<Result>, value: unknown): Result {
    stats.hits++
    if (events.active) events.emit({ type: 'hit', prefix: policy.prefix, key })
    return value as Result
  }

  /** A call that found nothing to serve joins the load under way, or begins one. */
  function miss<Result>(
    request: Request<Result>,
    values: Values,
    startedMs: number,
    reason: MissReason,
  ): Promise<Result> {
    const joined = join(request)
    if (joined) return joined
    stats.misses++
    if (events.active) events.emit({ type: 'miss', prefix: request.policy.prefix, key: request.key, reason })
    return load(request, values, startedMs)
  }

  function load<Result>(request: Request<Result>, values: Values | undefined, startedMs: number): Promise<Result> {
    const flight = flights.begin(request.key, request.stampKeys)
    const promise = loadAndFill(request, flight, values, startedMs).then(({ result }) => result)
    flight.promise = promise
    return promise
  }

  function join<Result>({ key, policy }: Request<Result>): Promise<Result> | undefined {
    const flight = flights.find(key)
    if (!flight) return undefined
    stats.dedupes++
    if (events.active) events.emit({ type: 'dedupe', prefix: policy.prefix, key })
    return flight.promise as Promise<Result>
  }

  /** @param values what was read before the load; nothing where the store failed, and then nothing is stored */
  async function loadAndFill<Result>(
    request: Request<Result>,
    flight: Flight,
    values: Values | undefined,
    startedMs: number,
  ): Promise<{ result: Result; stored: boolean }> {
    const held = values && stamps.hold(request.stampKeys, values.slice(1))
    const readMs = monotonicMs() - startedMs
    try {
      const result = await request.load()
      if (!held) return { result, stored: false }
      const loadMs = monotonicMs() - startedMs - readMs
      // The budget is for the whole call: what the read took is spent.
      const budgetMs = Math.max(1, request.policy.budgetMs - readMs)
      const stored = await fill(request, flight, values[0] as string | null, held, { result, loadMs, budgetMs })
      if (events.active) events.emit({ type: 'fill', prefix: request.policy.prefix, key: request.key, stored, loadMs })
      return { result, stored }
    } finally {
      held?.release()
      flights.end(flight)
    }
  }

  /** Stores a loaded result, if `found` is still what lies there. @returns whether it is stored. */
  async function fill<Result>(
    request: Request<Result>,
    flight: Flight,
    found: string | null,
    held: HeldStamps,
    loaded: { result: Result; loadMs: number; budgetMs: number },
  ): Promise<boolean> {
    const { result, loadMs, budgetMs } = loaded
    const ttlMs = request.policy.ttlMs(result)
    if (ttlMs === 0) return false
    let payload: string
    try {
      payload = await request.policy.serializer.serialize(result)
    } catch (error) {
      request.policy.onUncacheable(
        error instanceof UncacheableValueError
          ? error
          : new UncacheableValueError('$', 'refused by the serializer', error),
      )
      return false
    }
    // Evicted meanwhile, or so slow that an eviction's tombstone may have gone.
    if (flight.abandoned || loadMs > MAX_LOAD_MS) return false
    const text = writeEntry({ freshUntilAtMs: now() + ttlMs, loadMs, payload }, held.words, request.tags)
    const when = found === null ? 'absent' : { matches: found }
    try {
      // One round trip: an entry whose stamps arrive after it is not served before them.
      const [stored] = await Promise.all([
        store.set(request.key, text, { ttlMs, when }, budgetMs),
        ...held.write(budgetMs),
      ])
      return stored
    } catch (error) {
      fallBack(request.policy.prefix, error)
      return false
    }
  }

  const abandon = (keys: readonly string[], stampKeys: readonly string[]) =>
    flights.abandon((flight) => keys.includes(flight.key) || stampKeys.some((key) => flight.stampKeys.includes(key)))

  async function evict(keys: readonly string[], stampKeys: readonly string[]): Promise<void> {
    abandon(keys, stampKeys)
    try {
      await Promise.all([
        ...keys.map((key) => store.set(key, writeTombstone(randomId()), { ttlMs: TOMBSTONE_MS })),
        ...stamps.renew(stampKeys),
      ])
    } finally {
      // Again for the loads that began while the store was being told: they may have read what is now evicted.
      abandon(keys, stampKeys)
    }
    if (events.active) events.emit({ type: 'evict', keys: [...keys, ...stampKeys] })
  }

  return {
    stats,
    evict,
    abandon: flights.abandon,
    look,
    get<Result>(request: Request<Result>): Promise<Result> {
      const joined = flights.size() > 0 && join(request)
      if (joined) return joined
      const failed = (error: unknown, startedMs: number) => {
        fallBack(request.policy.prefix, error)
        return join(request) ?? load(request, undefined, startedMs)
      }
      if (store.readNow) {
        try {
          return Promise.resolve(serve(request, store.readNow(keysOf(request)), 0))
        } catch (error) {
          return failed(error, 0)
        }
      }
      const startedMs = monotonicMs()
      return read(request).then(
        (values) => serve(request, values, startedMs),
        (error) => failed(error, startedMs),
      )
    },
    async refresh(request) {
      const flight = flights.begin(request.key, request.stampKeys)
      const running = (async () => {
        const startedMs = monotonicMs()
        const values = await read(request).catch((error) => fallBack(request.policy.prefix, error))
        const { result, stored } = await loadAndFill(request, flight, values ?? undefined, startedMs)
        // What is there now is older than this result, or came from a load beside it: nobody can tell, so nothing stays.
        if (!stored && values) {
          await evict([request.key], []).catch((error) => fallBack(request.policy.prefix, error))
        }
        return result
      })()
      flight.promise = running
      return running
    },
    async put(place, result) {
      const { key, stampKeys, tags, policy } = place
      abandon([key], [])
      const held = stamps.hold(stampKeys, (await read(place)).slice(1))
      try {
        const ttlMs = policy.ttlMs(result)
        const payload = await policy.serializer.serialize(result)
        const text = writeEntry({ freshUntilAtMs: now() + ttlMs, loadMs: 0, payload }, held.words, tags)
        await Promise.all([store.set(key, text, { ttlMs }), ...held.write(policy.budgetMs)])
      } finally {
        held.release()
      }
    },
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | null)?.then === 'function'
}
