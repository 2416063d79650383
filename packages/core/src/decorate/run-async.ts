import { notAsync } from './metadata.js'
import type { Any, AsyncFunction } from './types.js'

/**
 * Runs the function behind a decorator, with what it throws as a rejection.
 * @throws UsageError (`ERR_NOT_ASYNC`) when it does not return a Promise, which plain JavaScript tells no sooner.
 */
export async function runAsync(decorator: string, fn: AsyncFunction, self: unknown, args: Any[]): Promise<Any> {
  const promise = fn.apply(self, args) as unknown
  if (typeof (promise as Promise<unknown> | undefined)?.then !== 'function') throw notAsync(decorator, fn.name)
  return promise
}
