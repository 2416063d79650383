import { setTimeout as sleep } from 'node:timers/promises'

export interface WaitOptions {
  /** @default 10_000 */
  readonly timeoutMs?: number
  /** @default 10 */
  readonly everyMs?: number
}

/**
 * Asks again and again until the answer is neither `undefined` nor `false`, and gives that answer. A check that throws
 * counts as a no.
 * @throws an Error that says what was waited for, with the check's last error as its cause.
 */
export async function waitUntil<T>(
  what: string,
  check: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 10 }: WaitOptions = {},
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    let cause: unknown
    try {
      const answer = await check()
      // The two values that mean no are the two that the return type leaves out.
      if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>
    } catch (error) {
      cause = error
    }
    if (performance.now() >= deadline) throw new Error(`waited ${timeoutMs} ms until ${what}`, { cause })
    await sleep(everyMs)
  }
}
