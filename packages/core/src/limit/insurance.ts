import type { Adapter } from '../adapter/adapter.js'
import type { Script } from '../adapter/script.js'
import { unpack } from './decision.js'
import { type Decision, NUMBERS_PER_DECISION } from './rule.js'

/**
 * Counts in this process alone, by the same rule, while the store cannot be asked. Once the store is back, what was
 * admitted here counts here for as long as it would have counted there, so that this process does not admit as much again.
 */
export interface Insurance {
  /** Whether anything that was admitted here still counts. */
  readonly active: boolean
  run(script: Script<Decision>, keys: readonly string[], args: readonly (string | number)[]): Promise<Decision>
  forget(keys: readonly string[]): Promise<void>
}

/** @param openMemory makes a store of this process, when one is first needed */
export function createInsurance(openMemory: () => Adapter, monotonicMs: () => number): Insurance {
  let local: Adapter | undefined
  let untilMs = 0
  return {
    get active() {
      if (local && monotonicMs() >= untilMs) local = undefined
      return local !== undefined
    },
    async run(script, keys, args) {
      local ??= openMemory()
      const decision = await local.run(script, keys, args)
      const numbers = unpack(decision, Number(args[0])) as readonly number[]
      const resetsMs = numbers.filter((_, i) => i % NUMBERS_PER_DECISION === 2)
      untilMs = Math.max(untilMs, monotonicMs() + Math.max(...resetsMs))
      return decision
    },
    async forget(keys) {
      await local?.delete(keys)
    },
  }
}
