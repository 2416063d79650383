/** What differs between the places where Larder runs. Chosen by the package's `imports` conditions, not at run time. */
export interface Platform {
  readonly name: 'node' | 'workerd' | 'default'
  /**
   * Whether a promise made while serving one request may be awaited by another. Not on Workers: when the request that
   * made it is over, the promise never settles.
   */
  readonly sharesPromises: boolean
  /** Milliseconds on a clock that never goes back and is not set by anybody. Its zero means nothing. */
  monotonicMs(): number
}
