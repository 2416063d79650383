/** How one call gives back its place among so many at once. */
export interface Lease {
  /** Gives the place back, in the store and wherever else it counts. Once, and it never rejects. */
  readonly release: () => Promise<void>
  /** The same where only this process counted. */
  readonly releaseLocal: () => Promise<void>
  /** Gives back a place that may have been taken without our hearing of it. Nobody waits for it. */
  abandon(): void
}

/** @param inStore ends the lease in the store. Does not reject */
export function createLease(locally: () => Promise<void>, inStore: () => Promise<void>): Lease {
  return {
    release: once(async () => {
      await locally()
      await inStore()
    }),
    releaseLocal: once(locally),
    abandon: () => void inStore(),
  }
}

function once(act: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= act()
    return done
  }
}
