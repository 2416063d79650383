// How long lies in the store what is no result, in milliseconds. In a file of their own, which imports nothing: esbuild
// writes the numbers themselves where they are used, and nobody loads a file for them.

/** A stamp. When it goes, the entries under it count as evicted: a miss too many, never one too few. 30 days. */
export const STAMP_TTL_MS = 2_592_000_000

/** A tombstone, which stops loads that began before an eviction from storing what they bring. */
export const TOMBSTONE_MS = 300_000

/** A load that took longer is not stored: the tombstone that should have stopped it may be gone. */
export const MAX_LOAD_MS = 270_000
