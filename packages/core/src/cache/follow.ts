import { type Engine, note, type Request } from './engine.js'
import type { Flight } from './flights.js'
import { readThrough } from './read-through.js'
import type { Reader } from './reader.js'

/** The pauses between two looks double between these. */
const FIRST_PAUSE_MS = 1
const MAX_PAUSE_MS = 16
/** A load that takes longer than this is begun anew by those who wait for it: it may be over without a word. */
const PATIENCE_MS = 2_000

/**
 * Waits for a load of another request, on a platform where requests must not await each other's promises: it looks, by
 * timers of its own, whether the load has left its result, and takes a copy. A load that failed, was evicted, cannot be
 * copied or takes too long, or may end with its request, is nothing to wait for: the call then goes on by itself.
 * @param again how it goes on
 */
export async function follow<Result>(
  engine: Engine,
  request: Request<Result>,
  flight: Flight,
  again: Reader = readThrough,
): Promise<Result> {
  const { flights, context } = engine
  const { serializer } = request.policy
  const startedMs = context.monotonicMs()
  for (let pauseMs = FIRST_PAUSE_MS; flight.kept && !flight.result && flights.find(flight.key) === flight; ) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)
    if (context.monotonicMs() - startedMs >= PATIENCE_MS) flights.end(flight)
  }
  if (flight.result) {
    try {
      // What belongs to the other request, such as a Response, is refused by the serializer.
      const copy = await serializer.deserialize(await serializer.serialize(flight.result[0], flight.key), flight.key)
      note(engine, request, 'dedupes', { type: 'dedupe' })
      return copy as Result
    } catch {
      // Then by itself.
    }
  }
  return again(engine, { ...request, alone: true })
}
