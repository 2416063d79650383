/** One operation of a client, as the client saw it. */
export interface Operation<Action> {
  readonly action: Action
  /** On one clock for all clients. */
  readonly calledAt: number
  /** Absent: no answer came, so it may have happened at any time since, or not at all. */
  readonly answeredAt?: number | undefined
}

/**
 * Whether a history is linearizable: whether each operation can be given one moment between its call and its answer, so
 * that in the order of those moments every answer is right.
 *
 * Walks through the history from call to answer and keeps every state that the object may be in, together with which of
 * the operations under way have had their moment (G. Lowe, "Testing for linearizability", 2016: just-in-time
 * linearization). Where no state is left, there is no such order.
 *
 * @param step the state after an action with its answer, or `undefined` when that answer is wrong in this state. States
 * are compared as text.
 * @returns the first operation whose answer nothing explains, `undefined` for a linearizable history
 */
export function findViolation<State, Action>(
  history: readonly Operation<Action>[],
  initial: State,
  step: (state: State, action: Action) => State | undefined,
): Operation<Action> | undefined {
  const events = history
    .flatMap((operation) => [
      { at: operation.calledAt, operation, isCall: true },
      ...(operation.answeredAt === undefined ? [] : [{ at: operation.answeredAt, operation, isCall: false }]),
    ])
    // At the same moment calls come first: they may overlap.
    .sort((a, b) => a.at - b.at || Number(b.isCall) - Number(a.isCall))
  const ids = new Map(history.map((operation, id) => [operation, id]))
  const underWay = new Set<Operation<Action>>()
  type Possible = { state: State; done: ReadonlySet<Operation<Action>> }
  const textOf = ({ state, done }: Possible) =>
    `${JSON.stringify(state)} ${[...done].map((operation) => ids.get(operation)).sort()}`
  let possible: Possible[] = [{ state: initial, done: new Set() }]

  for (const { operation, isCall } of events) {
    if (isCall) {
      underWay.add(operation)
      continue
    }
    const seen = new Map(possible.map((each) => [textOf(each), each]))
    // A Map walks over what is added meanwhile, too.
    for (const each of seen.values()) {
      if (each.done.has(operation)) continue
      for (const next of underWay) {
        const state = each.done.has(next) ? undefined : step(each.state, next.action)
        if (state === undefined) continue
        const reached = { state, done: new Set([...each.done, next]) }
        if (!seen.has(textOf(reached))) seen.set(textOf(reached), reached)
      }
    }
    underWay.delete(operation)
    const kept = [...seen.values()]
      .filter(({ done }) => done.has(operation))
      .map(({ state, done }) => ({ state, done: new Set([...done].filter((each) => each !== operation)) }))
    possible = [...new Map(kept.map((each) => [textOf(each), each])).values()]
    if (possible.length === 0) return operation
  }
  return undefined
}
