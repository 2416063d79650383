/** What a near tier keeps of an entry's text. See `cache/entry.ts` for the format. */
export interface Parts {
  readonly freshUntilAtMs: number
  /** How long its load took. */
  readonly loadMs: number
  /** The words of its stamps, in the order in which readers ask for them. */
  readonly stamps: readonly string[]
  readonly payload: string
}

const FRESH_AT = 1
const LOAD_AT = 10
const LENGTH_AT = 16
const TAGS_AT = 22
const STAMPS_AT = 26

/** @param text an entry that was read and found good */
export function partsOf(text: string): Parts {
  const number = (from: number, to: number) => Number.parseInt(text.slice(from, to), 36)
  const end = text.indexOf(';', STAMPS_AT)
  return {
    freshUntilAtMs: number(FRESH_AT, LOAD_AT),
    loadMs: number(LOAD_AT, LENGTH_AT),
    stamps: text.slice(STAMPS_AT, end).split(','),
    payload: text.slice(end + 1 + number(TAGS_AT, STAMPS_AT)),
  }
}
