/**
 * One atomic step over a few keys, written twice: as Lua for Redis and as a function for stores that run JavaScript.
 * Both halves give the same answers and leave the same values and times to live; the contract suite holds them to it.
 *
 * In Lua, `KEYS` and `ARGV` are the `keys` and `args` of the call. The function may touch nothing but `keys`, through
 * `view`, and must be synchronous: that is what makes it atomic.
 */
export interface Script<R> {
  /** For errors and for the cache of its digest. */
  readonly name: string
  /** For stores that run Lua. A number in its answer is an integer, as Redis gives it. */
  readonly lua: string
  /** The same for stores that run JavaScript. Synchronous: nothing may come in between. */
  step(view: ScriptView, keys: readonly string[], args: readonly (string | number)[]): R
}

/** What a script's function may do with the store. Each is the Redis command of that name. */
export interface ScriptView {
  /** TIME, in whole milliseconds. */
  nowMs(): number
  /** GET; `null` for a miss. */
  get(key: string): string | null
  /** PTTL: remaining milliseconds, -1 without expiry, -2 without the key. */
  pttl(key: string): number
  /** SET, with PX where `ttlMs` is given. */
  set(key: string, value: string, ttlMs?: number): void
  /** DEL. */
  delete(key: string): void
}
