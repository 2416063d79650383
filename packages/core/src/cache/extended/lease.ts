import { sha256 } from '../../keys/sha256.js'
import type { Engine, Place, Values } from '../engine.js'
import { parse } from '../entry.js'
import { TOMBSTONE_MS } from '../lifetimes.js'
import { basisOf } from './basis.js'

/** What a lease lies under in place of an entry: `?`, when it was taken as nine digits of base 36, and a token. */
const LEASE = '?'

export function isLease(text: string | null | undefined): boolean {
  return text?.[0] === LEASE
}

/**
 * Whether a lease was taken a short while ago: in less than half the time for which an eviction's tombstone lies, however
 * far the clocks of two machines disagree within the other half.
 */
export function isRecentLease(text: string, nowMs: number): boolean {
  return isLease(text) && Math.abs(nowMs - parse(text, 1, 10)) < TOMBSTONE_MS / 2
}

/** The right to load for all processes. It ends by itself when its holder dies. */
export interface Lease {
  /** What the fill must find at the place: an eviction, or the end of the lease, has put something else there. */
  readonly values: Values
  /** Lets others load, where nothing was stored. Rejects with `StoreError`. */
  free(): Promise<unknown>
}

/**
 * Where a lease lies. Where there is nothing, it takes the entry's place: the fill replaces it, so it needs no release.
 * A tombstone or an old entry must stay, or a load from before an eviction could be stored when the lease has ended: the
 * lease lies beside it then, at a key made from what was found. What is found after the fill is something else, so this
 * one needs no release either.
 */
export function leaseKeyOf(engine: Engine, { key }: Place<never>, values: Values): string {
  if (values[0] === null || isLease(values[0])) return key
  return `${engine.context.namespace}:$lease:${sha256(`${key.length}:${key}${basisOf(values)}`)}`
}

/**
 * Takes the lease unless another process has it: one command, never sent twice, for an answer that got lost may have been
 * a yes. Rejects with `StoreError`.
 */
export async function takeLease(
  engine: Engine,
  place: Place<never>,
  values: Values,
  leaseMs: number,
  budgetMs: number,
): Promise<Lease | undefined> {
  const { store, events, now } = engine.context
  const leaseKey = leaseKeyOf(engine, place, values)
  // Node draws UUIDs in advance. Random numbers on demand would take longer than all else here.
  const text = LEASE + Math.floor(now()).toString(36).padStart(9, '0') + crypto.randomUUID()
  const taken = await store.call(
    'set',
    false,
    (to, call) => to.set(leaseKey, text, Object.assign(call, { ttlMs: leaseMs, when: 'absent' as const })),
    budgetMs,
  )
  if (events.active) events.emit({ type: 'lease', prefix: place.policy.prefix, key: place.key, taken })
  if (!taken) return undefined
  return {
    values: leaseKey === place.key ? [text, ...values.slice(1)] : values,
    free: () => store.call('deleteIf', true, (to, call) => to.deleteIf(leaseKey, text, call)),
  }
}
