import type { Engine } from '../engine.js'
import type { Flight } from '../flights.js'
import { follow } from '../follow.js'
import type { ManyId } from './options.js'
import type { Cacheable, Wanted } from './wanted.js'

/** A load of another request, on a platform where its promise must not be awaited. */
export interface Followed extends Cacheable {
  readonly flight: Flight
}

const GIVEN_UP = Symbol('nothing to wait for')

/**
 * Waits for the loads of other requests, as `follow` does for one.
 * @param again loads those that came to nothing, all at once
 */
export async function followMany(
  engine: Engine,
  followed: readonly Followed[],
  again: (wanted: readonly Wanted[]) => Promise<Map<ManyId, unknown>>,
): Promise<Map<ManyId, unknown>> {
  const ended = await Promise.all(
    followed.map(({ request, flight }) => follow<unknown>(engine, request, flight, async () => GIVEN_UP as never)),
  )
  const left = followed.filter((_, i) => ended[i] === GIVEN_UP)
  const values = await again(left.map(({ id, request }) => ({ id, request: { ...request, alone: true } })))
  for (const [i, { id }] of followed.entries()) if (ended[i] !== GIVEN_UP) values.set(id, ended[i])
  return values
}
