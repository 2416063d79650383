import { BusyError } from './busy-error.js'

export interface SlotOptions {
  /** What the slots are for, in the error's words: `requests`. */
  readonly of: string
  readonly max: number
  readonly maxWaiting: number
  readonly maxWaitMs: number
}

/** So many at a time; the others wait in line, first come, first served. */
export interface Slots {
  /**
   * Runs `work` when there is a slot for it.
   * @throws BusyError when too many wait already, or the wait is too long.
   */
  use<T>(work: () => Promise<T>): Promise<T>
}

export function createSlots({ of, max, maxWaiting, maxWaitMs }: SlotOptions): Slots {
  let taken = 0
  const waiting = new Set<() => void>()

  function take(): Promise<void> | undefined {
    if (taken < max) {
      taken++
      return
    }
    if (waiting.size >= maxWaiting) throw new BusyError(`too many ${of} at once: ${max} run and ${maxWaiting} wait`)
    return new Promise((resolve, reject) => {
      const next = () => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        waiting.delete(next)
        reject(new BusyError(`too many ${of} at once: ${max} run, and none ended within ${maxWaitMs} ms`))
      }, maxWaitMs)
      waiting.add(next)
    })
  }

  /** Hands the slot on, or gives it back. */
  function leave() {
    const [next] = waiting
    if (!next) taken--
    else {
      waiting.delete(next)
      next()
    }
  }

  return {
    async use(work) {
      await take()
      try {
        return await work()
      } finally {
        leave()
      }
    },
  }
}
