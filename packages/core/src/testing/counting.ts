import type { Adapter } from '../adapter/adapter.js'
import { type AdapterMethod, intercept } from './intercept.js'

/** How many commands, by the adapter method that sends them. */
export type CommandCounts = Readonly<Partial<Record<AdapterMethod, number>>>

/** An adapter that counts the commands sent to it. */
export interface CountingAdapter extends Adapter {
  /** Commands so far. A call is one, whatever the number of its keys, and whether or not it succeeded. */
  readonly commands: CommandCounts
}

/**
 * Counts the commands that a piece of code sends: the bill of a store that charges by the command.
 *
 * As around every double, a toolkit folds its reads as it would for a store elsewhere.
 *
 * @example
 * const store = counting(memory())
 * const { cached } = createLarder({ adapter: store })
 * await cached('1m', 'find', async () => 1)()
 * console.log(store.commands) // { getMany: 1, set: 3 }
 */
export function counting(adapter: Adapter): CountingAdapter {
  const commands: Partial<Record<AdapterMethod, number>> = {}
  const double = intercept(adapter, ({ method, proceed }) => {
    commands[method] = (commands[method] ?? 0) + 1
    return proceed()
  })
  return Object.assign(double, { commands })
}

/**
 * Runs `fn` and checks how many commands it sent until it had resolved.
 *
 * @param expected the total; or the number for each method, where a method left out must not be called
 * @returns what `fn` resolved to
 * @throws Error that lists what was expected and what was sent. If `fn` itself rejects, its own error.
 *
 * @example
 * const store = counting(memory())
 * const { cached } = createLarder({ adapter: store })
 * const find = cached('5m', 'find', async (id: string) => ({ id }))
 * await find('a') // the first call of a method also leaves its stamps
 * await expectCommands(store, { getMany: 1, set: 1 }, () => find('b')) // a miss and its fill
 * await expectCommands(store, 1, () => find('b')) // a hit
 */
export async function expectCommands<Result>(
  counted: CountingAdapter,
  expected: number | CommandCounts,
  fn: () => Result | Promise<Result>,
): Promise<Result> {
  const before = { ...counted.commands }
  const result = await fn()
  const sent = subtract(counted.commands, before)
  const holds =
    typeof expected === 'number' ? total(sent) === expected : describe(sent) === describe(subtract(expected, {}))
  if (!holds) {
    const wanted = typeof expected === 'number' ? `${expected} in all` : describe(expected)
    throw new Error(`commands expected: ${wanted}; sent: ${describe(sent)} (${total(sent)} in all)`)
  }
  return result
}

/** `counts` without `before`, and without the methods of which nothing is left. */
function subtract(counts: CommandCounts, before: CommandCounts): CommandCounts {
  const methods = Object.keys(counts) as AdapterMethod[]
  const rest = methods.map((method) => [method, (counts[method] ?? 0) - (before[method] ?? 0)] as const)
  return Object.fromEntries(rest.filter(([, count]) => count !== 0))
}

function total(counts: CommandCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

function describe(counts: CommandCounts): string {
  const parts = Object.entries(counts).map(([method, count]) => `${count} ${method}`)
  return parts.sort().join(', ') || 'none'
}
