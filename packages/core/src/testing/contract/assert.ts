import { isLarderError } from '../../errors/larder-error.js'

/** Longer text than this is cut in messages. */
const MAX_SHOWN = 120

/** @throws Error unless `actual` is `expected`: the same primitive, or a list of the same primitives. */
export function assertEqual(actual: unknown, expected: unknown, what: string): void {
  if (!isSame(actual, expected)) throw new Error(`${what}: expected ${show(expected)}, got ${show(actual)}`)
}

/** @throws Error that says `claim` does not hold. */
export function assert(holds: boolean, claim: string): asserts holds {
  if (!holds) throw new Error(`does not hold: ${claim}`)
}

/** @throws Error unless `act` rejects. @returns what it rejected with. */
export async function assertRejects(act: () => Promise<unknown>, what: string): Promise<unknown> {
  let answer: unknown
  try {
    answer = await act()
  } catch (error) {
    return error
  }
  throw new Error(`${what}: expected a rejection, got ${show(answer)}`)
}

/** @throws Error unless `act` rejects with a UsageError of code `ERR_INVALID_OPTION`. */
export async function assertInvalidOption(act: () => Promise<unknown>, what: string): Promise<void> {
  const error = await assertRejects(act, what)
  assert(
    isLarderError(error) && error.code === 'ERR_INVALID_OPTION',
    `${what} rejects with ERR_INVALID_OPTION, not with ${show(error)}`,
  )
}

function isSame(actual: unknown, expected: unknown): boolean {
  if (!(Array.isArray(actual) && Array.isArray(expected))) return Object.is(actual, expected)
  return actual.length === expected.length && expected.every((item, i) => isSame(actual[i], item))
}

function show(value: unknown): string {
  const text = value instanceof Error ? String(value) : (JSON.stringify(value) ?? String(value))
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)` : text
}
