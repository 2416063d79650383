import { background } from '../platform/background.js'
import type { Context } from '../store/toolkit.js'
import { type Engine, note, type Request } from './engine.js'
import type { Flight } from './flights.js'
import { readThrough } from './read-through.js'
import type { Reader } from './reader.js'

// How loads are shared where requests must not await each other's promises: the leader leaves its result where others
// look for it, by timers of their own. No request can hang on another.

/** How often a load gives a sign of life. */
const BEAT_MS = 250
/** A load without one for this long is over without a word: its request was cancelled. */
const SILENCE_MS = 1_000
/** The pauses between two looks double between these. */
const FIRST_PAUSE_MS = 1
const MAX_PAUSE_MS = 16

/** Lets requests to come count on a load for as long as it gives signs of life, if the runtime sees it through. */
export function lead(context: Context, flight: Flight): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const landed = () => clearTimeout(timer)
  // Its failure is its callers' business.
  if (!background(context, flight.promise.then(landed, landed))) return
  const beat = () => {
    flight.aliveAtMs = context.monotonicMs()
    timer = setTimeout(beat, BEAT_MS)
  }
  beat()
}

/**
 * Waits for a load that another request leads, and takes a copy of its result. Where the load fails, is evicted, goes
 * silent or brings what cannot be copied, the call goes on by itself and follows nobody else.
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
  const isAlive = () => {
    if (context.monotonicMs() - (flight.aliveAtMs ?? Number.NEGATIVE_INFINITY) < SILENCE_MS) return true
    flights.end(flight)
    return false
  }
  let pauseMs = FIRST_PAUSE_MS
  while (isAlive() && !flight.result && flights.find(flight.key) === flight) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)
  }
  if (flight.result && isAlive()) {
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
