import type { Adapter } from '../adapter/adapter.js'

const METHODS = [
  'getMany',
  'set',
  'delete',
  'deleteIf',
  'expireIf',
  'deleteMatching',
  'run',
  'publish',
  'subscribe',
  'ping',
] as const

/** The methods of an {@link Adapter} that send a command to the store. */
export type AdapterMethod = (typeof METHODS)[number]

/** One call on its way to an adapter. */
export interface AdapterCall {
  /** What was called. */
  readonly method: AdapterMethod
  /** As they were given. */
  readonly args: readonly unknown[]
  /** Passes the call on to the adapter underneath. */
  proceed(): Promise<unknown>
}

/**
 * The same adapter with `around` in the way of every command: it may pass a call on, change its answer, or answer
 * itself. All doubles of this module are made of it.
 *
 * A toolkit treats the double as a store elsewhere, even around an embedded one: with a time limit, a breaker and folding
 * of reads. `client` and `close` send no command and are passed on as they are.
 *
 * @example
 * const logged = intercept(memory(), ({ method, proceed }) => {
 *   console.log(method)
 *   return proceed()
 * })
 */
export function intercept(adapter: Adapter, around: (call: AdapterCall) => Promise<unknown>): Adapter {
  const double: Record<string, unknown> = {
    name: adapter.name,
    capabilities: adapter.capabilities,
    client: () => adapter.client(),
    close: () => adapter.close(),
    ...(adapter.counts && { counts: () => adapter.counts?.() }),
  }
  for (const method of METHODS) {
    // `publish` and `subscribe` are not on every adapter, and a double must not pretend.
    if (!adapter[method]) continue
    double[method] = async (...args: unknown[]) =>
      around({
        method,
        args,
        // The arguments are those the method was called with, by a caller who knew its type.
        proceed: async () => (adapter[method] as (...args: unknown[]) => Promise<unknown>)(...args),
      })
  }
  // Every member of the interface has just been set, with the signature of the adapter underneath.
  return double as unknown as Adapter
}
