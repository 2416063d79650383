import { invalidOption } from './errors/usage-error.js'
import type { Toolkit } from './store/toolkit.js'

/** What a toolkit has sent to one adapter since it began. */
export interface AdapterSpend {
  /** Commands, as its provider bills them where the adapter knows; else one for each call. */
  readonly commands: number
  /** Money for those, in the currency of `price`; `undefined` where no `price` was given. */
  readonly cost: number | undefined
  /** Calls, by method. A retry counts again. */
  readonly calls: Readonly<Record<string, number>>
}

/** By the adapter's name. */
export type Spend = Readonly<Record<string, AdapterSpend>>

/**
 * Makes `spend()` for a toolkit: counts of this process alone, since it began. An adapter that runs in this process
 * sends no commands. Each `spend` event tells of a single call.
 *
 * @throws UsageError (`ERR_INVALID_OPTION`) when `price` is no number of 0 or more
 */
export function createSpend(toolkit: Toolkit): () => Spend {
  return () => {
    const { store, options } = toolkit.context()
    const { price } = options
    if (price !== undefined && !(price >= 0)) throw invalidOption('price', 'must be a number, 0 or more')
    const { adapter } = store
    const calls = { ...store.calls }
    const sent = adapter.capabilities.scripts === 'step' ? 0 : Object.values(calls).reduce((sum, n) => sum + n, 0)
    const commands = adapter.billed?.() ?? sent
    const cost = price === undefined ? undefined : (commands * price) / 1_000_000
    return { [adapter.name]: { commands, cost, calls } }
  }
}
