/**
 * A mark stands for one name that entries depend on: the key of an entry, or a stamp. Whoever reads the store or holds
 * what was read has the marks of its names. An eviction ends the mark, and with one step everything that has it, reads
 * under way included; who comes later gets another. So the price of an eviction does not grow with what it is about.
 */
export interface Mark {
  readonly name: string
  live: boolean
  holders: number
  /** The word that the store had at this stamp when an entry under it was read. */
  word?: string
}

export interface Marks {
  /** Grows with every mark that ends: who has seen this number need not look at its marks again. */
  readonly ended: number
  hold(name: string): Mark
  find(name: string): Mark | undefined
  /** To be called once for each `hold`, or names would pile up. */
  release(mark: Mark): void
  /** Ends the mark of an evicted name, if anybody has it. */
  end(name: string): void
  /** Those that somebody holds, the longest held first. */
  held(): Iterable<Mark>
}

export function createMarks(): Marks {
  const marks = new Map<string, Mark>()
  const made = {
    ended: 0,
    hold(name: string) {
      let mark = marks.get(name)
      if (!mark) {
        mark = { name, live: true, holders: 0 }
        marks.set(name, mark)
      }
      mark.holders++
      return mark
    },
    find: (name: string) => marks.get(name),
    release(mark: Mark) {
      if (--mark.holders === 0 && marks.get(mark.name) === mark) marks.delete(mark.name)
    },
    end(name: string) {
      const mark = marks.get(name)
      if (!mark) return
      mark.live = false
      made.ended++
      marks.delete(name)
    },
    held: () => marks.values(),
  }
  return made
}
