type Values = (string | null)[]

/** Reads `keys`, and calls one of the functions behind: another promise would cost each hit 3 % more. */
type Read = (
  keys: readonly string[],
  budgetMs: number | undefined,
  resolve: (values: Values) => void,
  reject: (error: unknown) => void,
) => void

/** The most keys in one command. A store works through a command at one go, and others wait. */
const MAX_KEYS = 1_000

/**
 * Gathers the reads of one tick into one, with each key once, so that 256 concurrent cached calls are one command. A
 * lone read goes out at the end of the same tick: it waits for nothing but code that was running anyway.
 */
export function foldReads(read: Read): (keys: readonly string[], budgetMs?: number) => Promise<Values> {
  let batch: Batch | undefined

  return (keys, budgetMs) =>
    new Promise((resolve, reject) => {
      if (!batch || batch.budgetMs !== budgetMs || batch.places.size + keys.length > MAX_KEYS) {
        const opened: Batch = { budgetMs, places: new Map(), readers: [] }
        batch = opened
        Promise.resolve().then(() => {
          if (batch === opened) batch = undefined
          send(read, opened)
        })
      }
      const { places, readers } = batch
      for (const key of keys) places.set(key, places.get(key) ?? places.size)
      readers.push({ keys, resolve, reject })
    })
}

function send(read: Read, { budgetMs, places, readers }: Batch): void {
  read(
    [...places.keys()],
    budgetMs,
    (values) => {
      for (const { keys, resolve } of readers) {
        resolve(keys.map((key) => values[places.get(key) as number] as string | null))
      }
    },
    (error) => {
      for (const { reject } of readers) reject(error)
    },
  )
}

interface Batch {
  readonly budgetMs: number | undefined
  /** Each key's place in the command. */
  readonly places: Map<string, number>
  readonly readers: {
    readonly keys: readonly string[]
    resolve(values: Values): void
    reject(error: unknown): void
  }[]
}
