/** What a {@link Sieve} holds: a place in its ring, and whether it was used since the hand last passed. */
export interface Sieved {
  bytes: number
  visited: boolean
  older: Sieved
  newer: Sieved
}

/**
 * Which entry has to go when there is no room: SIEVE (Zhang, Yang, Yue, Vigfusson, Rashmi: "SIEVE is Simpler than LRU",
 * NSDI 2024). A hand moves from the oldest entry to the newest and takes the first that was not used since it last
 * passed. A use sets one flag and moves nothing, which a hit can afford better than the upkeep of a list, and what is
 * used once makes room before what is used often.
 */
export interface Sieve<Item extends Sieved> {
  readonly size: number
  readonly bytes: number
  add(item: Item): void
  remove(item: Item): void
  /** The next that has to go; it is still there. */
  victim(): Item
}

export function createSieve<Item extends Sieved>(): Sieve<Item> {
  const ends = {} as Sieved
  ends.older = ends.newer = ends
  let hand = ends
  let size = 0
  let bytes = 0
  return {
    get size() {
      return size
    },
    get bytes() {
      return bytes
    },
    add(item) {
      item.older = ends.older
      item.newer = ends
      ends.older.newer = item
      ends.older = item
      size++
      bytes += item.bytes
    },
    remove(item) {
      if (hand === item) hand = item.newer
      item.older.newer = item.newer
      item.newer.older = item.older
      size--
      bytes -= item.bytes
    },
    victim() {
      for (;;) {
        if (hand === ends) hand = ends.newer
        if (!hand.visited) return hand as Item
        hand.visited = false
        hand = hand.newer
      }
    },
  }
}
