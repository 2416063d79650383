import type { Engine, Place, Values } from '../engine.js'
import type { Entry } from '../entry.js'

/** The result that an entry holds, a new copy each time. May be a Promise; throws or rejects where it cannot be read. */
export function decode(engine: Engine, { policy, key }: Place<never>, values: Values, entry: Entry): unknown {
  return engine.decode(policy.serializer, entry.payload, values[0] as string, key)
}
