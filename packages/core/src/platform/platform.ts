/** What differs between the places where Larder runs. Chosen by the package's `imports` conditions, not at run time. */
export interface Platform {
  readonly name: 'node' | 'workerd' | 'default'
  /**
   * Code that gets the same answer here may await each other's promises. Always `undefined` where all may. On Workers a
   * promise belongs to the request that made it: once that is over, it may never settle.
   */
  scope(): object | undefined
  /** Whether timers run between requests. If not, nothing that must happen may wait for one. */
  readonly idles: boolean
  /**
   * Asks the runtime to let the current request's work go on, after its answer, until `promise` settles.
   * Absent where there is no runtime to ask: a host may still be found.
   * @returns whether it will; `false` where there is no such request, or nobody to ask
   */
  waitUntil?(promise: Promise<unknown>): boolean
  /** A time limit in milliseconds, shortened to what the invocation around the call has left, where there is one. */
  capMs(limitMs: number): number
  /** Milliseconds on a clock that never goes back and is not set by anybody. Its zero means nothing. */
  monotonicMs(): number
}
