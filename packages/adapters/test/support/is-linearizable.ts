/** One call of one client, and when it was under way: no two clocks are compared but of one machine. */
export interface Operation<Call, Answer> {
  readonly call: Call
  readonly answer: Answer
  readonly startedAtNs: bigint
  readonly endedAtNs: bigint
}

/** What one thing at a time would do. `apply` gives the answer and the state after it; `key` tells states apart. */
export interface Specification<State, Call, Answer> {
  readonly initial: State
  apply(state: State, call: Call): { readonly answer: Answer; readonly state: State }
  matches(given: Answer, expected: Answer): boolean
  key(state: State): string
}

/**
 * Whether the calls could have happened one after the other, each at some moment between its start and its end, with just
 * these answers. The search of Wing and Gong (1993), with Lowe's memory of what was tried: which calls are done and what
 * they left.
 */
export function isLinearizable<State, Call, Answer>(
  history: readonly Operation<Call, Answer>[],
  { initial, apply, matches, key }: Specification<State, Call, Answer>,
): boolean {
  const operations = [...history].sort((one, other) => (one.startedAtNs < other.startedAtNs ? -1 : 1))
  const done = new Uint8Array(operations.length)
  const tried = new Set<string>()

  const search = (left: number, state: State): boolean => {
    if (left === 0) return true
    const position = `${done.join('')} ${key(state)}`
    if (tried.has(position)) return false
    tried.add(position)
    // Nothing may come before what had ended when it began.
    let firstEndNs: bigint | undefined
    for (const [i, { endedAtNs }] of operations.entries()) {
      if (!done[i] && (firstEndNs === undefined || endedAtNs < firstEndNs)) firstEndNs = endedAtNs
    }
    for (const [i, { call, answer, startedAtNs }] of operations.entries()) {
      if (done[i]) continue
      if (startedAtNs > (firstEndNs as bigint)) break
      const next = apply(state, call)
      if (!matches(answer, next.answer)) continue
      done[i] = 1
      if (search(left - 1, next.state)) return true
      done[i] = 0
    }
    return false
  }
  return search(operations.length, initial)
}
