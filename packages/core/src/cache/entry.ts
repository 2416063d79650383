import type { MissReason } from '../events/events.js'
import { TOMBSTONE_MS } from './lifetimes.js'

/**
 * A stored entry, as text:
 *
 *     1 freshUntilAt(9) loadMs(6) length(6) tags(4) stamp,stamp,… ; tagNames payload
 *
 * Numbers are base 36 at a fixed width, so reading one takes no search. `length` is the payload's, which tells an entry
 * cut short. The stamps are those seen before the load began, in the order in which readers ask for them. `tagNames`,
 * a JSON list `tags` long, is there only for values stored directly, whose readers do not know their tags.
 *
 * A tombstone, `!` and random digits, takes the place of an entry that was evicted by key.
 */
const VERSION = '1'
/** In place of the version, where the store keeps an entry beyond `freshUntilAt`. */
export const KEPT = '2'
const TOMBSTONE = '!'
const LENGTH_AT = 16
const TAGS_AT = 22
const STAMPS_AT = 26

export interface Entry {
  readonly payload: string
}

/** What an entry tells of its load, for readers to judge by how fresh it is. */
export interface Loaded {
  readonly freshUntilAtMs: number
  /** How long the load took. */
  readonly loadMs: number
  /** For how long beyond `freshUntilAtMs` the store keeps it. @default 0 */
  readonly staleMs?: number
}

/** @param tagNames for readers who cannot know them from arguments */
export function writeEntry(entry: Entry & Loaded, stamps: readonly string[], tagNames: readonly string[] = []): string {
  const digits = (value: number, width: number) => Math.floor(value).toString(36).padStart(width, '0').slice(-width)
  const tags = tagNames.length ? JSON.stringify(tagNames) : ''
  return `${entry.staleMs ? KEPT : VERSION}${digits(entry.freshUntilAtMs, 9)}${digits(entry.loadMs, 6)}${digits(entry.payload.length, 6)}${digits(tags.length, 4)}${stamps.join()};${tags}${entry.payload}`
}

/**
 * The entry that a read brought, or why there is none. A stamp that is missing, or another than at the time of the
 * load, means that the entry was evicted since.
 * @param values what lies at the entry's key, and behind it the stamps as they are now
 * @param nowMs the wall clock, for entries that the store keeps for longer than they are fresh; 0 takes them too
 */
export function readEntry(values: readonly (string | null)[], nowMs: number): Entry | MissReason {
  const text = values[0]
  // An empty text is none of ours either, and is replaced like any other.
  if (!text) return 'absent'
  if (text[0] === TOMBSTONE) return 'evicted'
  const end = text.indexOf(';', STAMPS_AT)
  const tagsLength = text.startsWith('0000', TAGS_AT) ? 0 : parse(text, TAGS_AT, STAMPS_AT)
  const payloadAt = end + 1 + tagsLength
  const isKept = text[0] === KEPT
  if (!(isKept || text[0] === VERSION) || end < 0 || text.length - payloadAt !== parse(text, LENGTH_AT, TAGS_AT)) {
    return 'unreadable'
  }
  if (isKept && parse(text, 1, 10) <= nowMs) return 'expired'
  let at = STAMPS_AT - 1
  for (let i = 1; i < values.length; i++) {
    const stamp = values[i]
    if (!stamp || !text.startsWith(stamp, ++at)) return 'stamp'
    at += stamp.length
  }
  // Neither more stamps than were asked for, nor longer ones.
  if (at !== end) return 'stamp'
  return { payload: text.slice(payloadAt) }
}

/** The tags that an entry names, none where it names none or is no entry. */
export function entryTags(text: string | null): string[] {
  const end = text && text[0] !== TOMBSTONE ? text.indexOf(';', STAMPS_AT) : -1
  const length = end < 0 ? 0 : parse(text as string, TAGS_AT, STAMPS_AT)
  try {
    return length ? JSON.parse((text as string).slice(end + 1, end + 1 + length)) : []
  } catch {
    return []
  }
}

/**
 * For how long the store has to keep an entry beyond its ttl, so that what was evicted before it stays out. A tombstone
 * keeps away loads from before the eviction. Whatever takes its place does so for as long: should it expire before, such
 * a load would find the key as absent as at its beginning.
 * @param found what the entry replaces
 */
export function guardMs(found: string | null | undefined, ttlMs: number): number {
  return found && (found[0] === TOMBSTONE || found[0] === KEPT) ? Math.max(0, TOMBSTONE_MS - ttlMs) : 0
}

export function writeTombstone(id: string): string {
  return TOMBSTONE + id
}

/** The number, in base 36, at a place of an entry. */
export function parse(text: string, from: number, to: number): number {
  return Number.parseInt(text.slice(from, to), 36)
}
