import { UncacheableValueError } from '../errors/uncacheable-value-error.js'
import { type Engine, fallBack, type Request, type Values } from './engine.js'
import { guardMs, writeEntry } from './entry.js'
import type { Flight } from './flights.js'
import { MAX_LOAD_MS } from './lifetimes.js'
import type { HeldStamps } from './stamps.js'

/**
 * Runs a load as `flight`, and stores its result unless what lies at the key has changed since it was read.
 *
 * @param values what was read before the load; nothing where the store failed, and then nothing is stored
 * @param readMs what the read took of the budget: it is for the whole call
 */
export async function loadAndFill<Result>(
  engine: Engine,
  request: Request<Result>,
  flight: Flight,
  values: Values | undefined,
  readMs: number,
): Promise<{ result: Result; stored: boolean }> {
  const { policy, key, tags } = request
  const { store, events, monotonicMs, now } = engine.context
  const held = values && engine.stamps.hold(request.stampKeys, values.slice(1))

  /** @returns whether the result is stored. */
  async function fill({ words, write }: HeldStamps, result: Result, loadMs: number): Promise<boolean> {
    const ttlMs = policy.ttlMs(result)
    if (ttlMs === 0) return false
    let payload: string
    try {
      payload = await policy.serializer.serialize(result, key)
    } catch (error) {
      const typed = error instanceof UncacheableValueError
      policy.onUncacheable(typed ? error : new UncacheableValueError('$', 'refused by the serializer', error))
      return false
    }
    // Evicted meanwhile, or so slow that an eviction's tombstone may have gone.
    if (flight.abandoned || loadMs > MAX_LOAD_MS) return false
    const found = values?.[0]
    const staleMs = Math.max(policy.staleMs ?? 0, guardMs(found, ttlMs))
    const text = writeEntry({ freshUntilAtMs: now() + ttlMs, loadMs, payload, staleMs }, words, tags)
    const when = typeof found === 'string' ? { matches: found } : 'absent'
    const budgetMs = Math.max(1, policy.budgetMs - readMs)
    try {
      // One round trip: an entry whose stamps arrive after it is not served before them.
      const [stored] = await Promise.all([
        store.set(key, text, { ttlMs: ttlMs + staleMs, when }, budgetMs),
        ...write(budgetMs),
      ])
      if (stored) request.near?.put(text)
      return stored
    } catch (error) {
      fallBack(engine, policy.prefix, error)
      return false
    }
  }

  try {
    // In a turn of its own: its caller may be a load too, whose `currentLoad()` is not this one's.
    await 0
    const startedMs = monotonicMs()
    const result = await request.load()
    flight.result = [result]
    if (!held) return { result, stored: false }
    const loadMs = monotonicMs() - startedMs
    const stored = await fill(held, result, loadMs)
    if (events.active) events.emit({ type: 'fill', prefix: policy.prefix, key, stored, loadMs })
    return { result, stored }
  } finally {
    held?.release()
    engine.flights.end(flight)
  }
}
