type Read = (keys: readonly string[], budgetMs?: number) => Promise<(string | null)[]>

/** The most keys in one command. A store works through a command at one go, and others wait. */
const MAX_KEYS = 1_000

/**
 * Gathers the reads of one tick into one, with each key once, so that 256 concurrent cached calls are one command. A
 * lone read goes out at the end of the same tick: it waits for nothing but code that was running anyway.
 */
export function foldReads(read: Read): Read {
  let batch: Batch | undefined

  return (keys, budgetMs) => {
    if (batch && (batch.budgetMs !== budgetMs || batch.places.size + keys.length > MAX_KEYS)) batch = undefined
    if (!batch) {
      const places = new Map<string, number>()
      const answer = Promise.resolve().then(() => {
        if (batch?.places === places) batch = undefined
        return read([...places.keys()], budgetMs)
      })
      batch = { budgetMs, places, answer }
    }
    const { places, answer } = batch
    const mine = keys.map((key) => {
      const place = places.get(key) ?? places.size
      places.set(key, place)
      return place
    })
    return answer.then((values) => mine.map((place) => values[place] as string | null))
  }
}

interface Batch {
  readonly budgetMs: number | undefined
  /** Each key's place in the one read. */
  readonly places: Map<string, number>
  readonly answer: Promise<(string | null)[]>
}
