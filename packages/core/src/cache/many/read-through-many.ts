import { platform } from '../../platform/index.js'
import { type Engine, note } from '../engine.js'
import { createBatch, type Fit, type RunMany } from './batch.js'
import type { Followed } from './follow-many.js'
import type { ManyId } from './options.js'
import { type Cacheable, decode, type Found, isCacheable, readMany, type Wanted } from './wanted.js'

/**
 * The values of all ids, in their order, without those that are absent. Joins the loads under way, reads the rest by one
 * command, and loads what is not there by one run of the function.
 *
 * When a load fails, the others are waited for all the same, so that nothing goes on after the caller has its answer.
 */
export async function readThroughMany(
  engine: Engine,
  wanted: readonly Wanted[],
  runMany: RunMany,
  fit: Fit,
): Promise<Map<ManyId, unknown>> {
  const { flights } = engine
  /** By id: a value, or the promise of one. */
  const values = new Map<ManyId, unknown>()
  const followed: Followed[] = []
  const joins = (item: Cacheable): boolean => {
    const flight = flights.find(item.request.key)
    if (!flight) return false
    if (flight.scope !== platform.scope()) {
      if (!item.request.alone) followed.push({ ...item, flight })
      return !item.request.alone
    }
    note(engine, item.request, 'dedupes', { type: 'dedupe' })
    values.set(item.id, flight.promise)
    return true
  }

  const asked = wanted.filter(isCacheable).filter((item) => !joins(item))
  const found = asked.length ? await readMany(engine, asked) : []
  const stored = await Promise.all(found.map((item) => decode(engine, item, fit)))
  const missing = new Map<string, Found>()
  // Where two ids have one key, because `key` says so, the first of them is loaded for both.
  const twins: Found[] = []
  for (const [i, item] of found.entries()) {
    const { id, request } = item
    const outcome = stored[i]
    if (typeof outcome === 'object') {
      note(engine, request, 'hits', { type: 'hit' })
      values.set(id, outcome.value)
    } else if (missing.has(request.key)) twins.push(item)
    else if (!joins(item)) {
      if (outcome) note(engine, request, 'misses', { type: 'miss', reason: outcome })
      missing.set(request.key, item)
    }
  }

  const batch = createBatch(
    wanted.filter((item) => !item.request || missing.get(item.request.key)?.id === item.id).map(({ id }) => id),
    runMany,
    fit,
  )
  for (const item of wanted) if (!item.request) values.set(item.id, batch.load(item.id))
  for (const item of missing.values()) {
    const load = flights.begin(item.request, async (flight) => (await batch.fill(engine, item, flight)).result)
    values.set(item.id, load)
  }
  twins.forEach(joins)
  if (followed.length) {
    const again = (left: readonly Wanted[]) => readThroughMany(engine, left, runMany, fit)
    const others = import('./follow-many.js').then(
      ({ followMany }) => followMany(engine, followed, again),
      () => again(followed.map(({ id, request }) => ({ id, request: { ...request, alone: true } }))),
    )
    for (const { id } of followed)
      values.set(
        id,
        others.then((ended) => ended.get(id)),
      )
  }
  return gather(wanted, values)
}

/** @throws what the first of them rejected with, once all have settled */
export async function gather(
  wanted: readonly Wanted[],
  values: ReadonlyMap<ManyId, unknown>,
): Promise<Map<ManyId, unknown>> {
  const settled = await Promise.allSettled(wanted.map(({ id }) => values.get(id)))
  const failure = settled.find((outcome) => outcome.status === 'rejected')
  if (failure) throw failure.reason
  const present = new Map<ManyId, unknown>()
  for (const [i, { id }] of wanted.entries()) {
    const { value } = settled[i] as PromiseFulfilledResult<unknown>
    if (value !== undefined) present.set(id, value)
  }
  return present
}
