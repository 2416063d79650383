import { invalidOption } from '../../errors/usage-error.js'
import type { MissReason } from '../../events/events.js'
import { type Engine, fallBack, type Request, type Values } from '../engine.js'
import { readEntry } from '../entry.js'
import type { Fit } from './batch.js'
import type { ManyId } from './options.js'

/** The most keys in one command. A store works through a command at one go, and others wait. */
const MAX_KEYS = 1_000

/** An id that a caller wants, and what the engine is asked for it; no request where it bypasses the cache. */
export interface Wanted {
  readonly id: ManyId
  readonly request: Request<unknown> | undefined
}

/** One that the cache is asked for. */
export interface Cacheable extends Wanted {
  readonly request: Request<unknown>
}

export function isCacheable(wanted: Wanted): wanted is Cacheable {
  return wanted.request !== undefined
}

/** And what the store holds for it. */
export interface Found extends Cacheable {
  /** Nothing where the store could not be asked. */
  readonly values: Values | undefined
  /** What the read took of the budget. */
  readonly readMs: number
}

/** Each id once, in the order of first appearance. @throws UsageError (`ERR_INVALID_OPTION`) for what is no list of ids. */
export function distinct(ids: readonly ManyId[]): ManyId[] {
  if (!Array.isArray(ids)) throw invalidOption('ids', 'must be a list')
  // Not `every`, which skips holes.
  for (const id of ids) {
    if (!['string', 'number', 'bigint'].includes(typeof id)) {
      throw invalidOption('ids', 'must be strings, numbers or bigints: a Map compares nothing else by its content')
    }
  }
  return [...new Set(ids)]
}

/**
 * What lies at all places, by one command for each 1,000 keys, with each stamp once.
 * @param failed is told of each command that failed: what it asked for is found without values
 */
export async function readMany(
  engine: Engine,
  wanted: readonly Cacheable[],
  failed = (prefix: string, error: unknown) => fallBack(engine, prefix, error),
): Promise<Found[]> {
  const { store, monotonicMs } = engine.context
  const startedMs = monotonicMs()
  const chunks: { readonly items: Cacheable[]; readonly places: Map<string, number> }[] = []
  for (const item of wanted) {
    const keys = [item.request.key, ...item.request.stampKeys]
    let chunk = chunks.at(-1)
    const added = keys.filter((key) => !chunk?.places.has(key))
    if (!chunk || chunk.places.size + added.length > MAX_KEYS) {
      chunk = { items: [], places: new Map() }
      chunks.push(chunk)
    }
    chunk.items.push(item)
    for (const key of keys) if (!chunk.places.has(key)) chunk.places.set(key, chunk.places.size)
  }
  const found = chunks.map(async ({ items, places }) => {
    const { prefix, budgetMs } = (items[0] as Cacheable).request.policy
    let answer: Values | undefined
    try {
      const keys = [...places.keys()]
      answer = store.readNow ? store.readNow(keys) : await store.read(keys, budgetMs)
    } catch (error) {
      failed(prefix, error)
    }
    const readMs = monotonicMs() - startedMs
    const at = (key: string) => answer?.[places.get(key) as number] ?? null
    return items.map((item) => {
      const { key, stampKeys } = item.request
      return { ...item, readMs, values: answer && [at(key), ...stampKeys.map(at)] }
    })
  })
  return (await Promise.all(found)).flat()
}

/** A stored value in a box, or why there is none. No reason where the store could not be asked. */
export type Stored = { readonly value: unknown } | MissReason | undefined

/** What the values of a read come to. A Promise only where decoding is one. */
export function decode(engine: Engine, { request, values }: Found, fit: Fit): Stored | Promise<Stored> {
  const entry = values && readEntry(values, engine.context.now())
  if (!entry || typeof entry === 'string') return entry
  const { serializer } = fit(request).policy
  try {
    const value = engine.decode(serializer, entry.payload, values[0] as string, request.key)
    if (typeof (value as Promise<unknown> | null | undefined)?.then !== 'function') return { value }
    return (value as Promise<unknown>).then((late) => ({ value: late }), whyNot)
  } catch (error) {
    return whyNot(error)
  }
}

async function whyNot(error: unknown): Promise<MissReason> {
  return import('../schema.js').then(
    ({ missReason }) => missReason(error),
    () => 'unreadable',
  )
}
