import type { Policy } from '../engine.js'
import type { Fit } from './batch.js'
import { isCacheable, type Wanted } from './wanted.js'

/** How the requests of one call heed `schema`, `migrate` and `jitter`. Their code is loaded by the first call that needs it. */
export async function fitMany(wanted: readonly Wanted[]): Promise<Fit> {
  const { schema, migrate, jitter } = wanted.find(isCacheable)?.request.policy.options ?? {}
  if (!schema && !migrate && !jitter) return (request) => request
  const [{ fitted }, { planOf }] = await Promise.all([import('../schema.js'), import('../extended/plan.js')])
  let policy: Policy<never> | undefined
  return (request) => {
    const own = fitted(request)
    // All ids of a call have one policy.
    policy ??= { ...own.policy, ttlMs: planOf(own.policy).policy.ttlMs }
    return { ...own, policy: policy as Policy<unknown> }
  }
}
