import type { Values } from '../engine.js'
import { parse } from '../entry.js'
import { headOf } from './basis.js'
import { isRecentLease } from './lease.js'

/**
 * The longest entry, in characters, that goes out with the message that it is there: every process that listens gets
 * it, and only those that wait for it save a read.
 */
const MAX_TOLD = 1_024

/** What a message says: a load is over. With `text`, also what it has stored. */
export interface News {
  readonly key: string
  /** The head of what the load began from, which the entry has replaced. */
  readonly found?: string
  readonly text?: string
}

/** `length;key`, and before an entry `length;found`. */
export function writeNews(key: string, found?: string): string {
  return counted(key) + (found === undefined ? '' : counted(found))
}

/** @returns nothing for what is no message of ours */
export function readNews(message: string): News | undefined {
  const [key, rest] = readCounted(message)
  if (key === undefined) return undefined
  const [found, text] = readCounted(rest)
  return found === undefined ? { key } : { key, found, text }
}

/**
 * Whether an entry may go out with its message. Not where a stamp was missing: who waits has seen no stamp, then, by
 * which to tell whether the entry is from before an eviction.
 */
export function isToldWith(text: string, values: Values): boolean {
  return text.length <= MAX_TOLD && values.every((value) => value !== null)
}

/**
 * The entry of a message and the stamps, as a read would have brought them, for a call that has found `values`. Nothing
 * where its ttl has ended on the way, or where it might be older than an eviction that was complete by then. It is not:
 *
 * - where the load began from what the call has found: a lease, a tombstone or an entry. An eviction of the key in between
 *   would have left a tombstone of its own.
 * - where the call has found nothing, and the load began from a lease that was taken a short while ago, in the place of
 *   nothing. An eviction since then would have left a tombstone that is still there. Of a message that is later than that,
 *   as to a process that was frozen, nobody can tell.
 *
 * Whether the stamps that the call has found are those of the load is for the reader to see, as with any entry.
 */
export function toldValues({ found, text }: News, [mine, ...stamps]: Values, nowMs: number): Values | undefined {
  if (found === undefined || text === undefined || parse(text, 1, 10) <= nowMs) return undefined
  const isNewer = typeof mine === 'string' ? headOf(mine) === found : isRecentLease(found, nowMs)
  return isNewer ? [text, ...stamps] : undefined
}

function counted(text: string): string {
  return `${text.length};${text}`
}

function readCounted(text: string): [counted: string | undefined, rest: string] {
  const digits = /^\d+(?=;)/.exec(text)?.[0] ?? ''
  const at = digits.length + 1
  const end = at + Number(digits)
  return digits && end <= text.length ? [text.slice(at, end), text.slice(end)] : [undefined, text]
}
