import type { MissReason } from '../../events/events.js'
import { type Engine, type Place, read } from '../engine.js'
import { missReason } from '../schema.js'
import { decode } from './decode.js'
import { type Judged, judge } from './judge.js'
import { type Plan, planOf } from './plan.js'
import { wakesOf } from './wakes.js'

/** What a call would find, and do with it. */
export interface Prospect {
  readonly outcome: 'hit' | 'stale' | 'miss'
  /** What it may serve without loading. */
  readonly value?: unknown
  readonly reason?: MissReason
  /** Commands that it would send, if the tags were seen before. */
  readonly commands: number
  /** What it would do, as a clause. */
  readonly clause: string
}

/** Looks where a call would, without loading, and judges as it would. Rejects with `StoreError`. */
export async function lookAhead(engine: Engine, request: Place<never>): Promise<Prospect> {
  const plan = planOf(request.policy)
  const near = await engine.near?.tiers.get(request.policy.prefix)?.look(request)
  if (near) return { ...near, outcome: 'hit', commands: 0, clause: 'serves the result kept in this process' }
  const values = await read(engine, request)
  let judged = judge(values, plan, engine.context.now())
  let value: unknown
  if (typeof judged !== 'string') {
    try {
      value = await decode(engine, request, values, judged)
    } catch (error) {
      judged = missReason(error)
    }
  }
  if (typeof judged === 'string') return missing(engine, plan, judged)
  return found(engine, plan, judged, value)
}

function found(engine: Engine, plan: Plan, { state }: Judged, value: unknown): Prospect {
  // The read, and a load with its fill.
  const commands = 2 + leaseCommands(engine, plan)
  switch (state) {
    case 'stale':
      return {
        outcome: 'stale',
        value,
        commands,
        clause: `serves the stored result although its ttl has ended, and refreshes it in the background${soleLoader(plan)}`,
      }
    case 'kept': {
      const slow = plan.softMs === undefined ? '' : ` or takes longer than ${plan.softMs} ms`
      return {
        outcome: 'miss',
        reason: 'expired',
        commands,
        clause: `runs the function${soleLoader(plan)}, and serves the stored result, whose ttl has ended, should that fail${slow}`,
      }
    }
  }
  const early = plan.isEarly ? '; the nearer the end of its ttl, the likelier it is refreshed in the background' : ''
  return { outcome: 'hit', value, commands: 1, clause: `serves the stored result${early}` }
}

function missing(engine: Engine, plan: Plan, reason: MissReason): Prospect {
  if (reason === 'leased' && plan.leaseMs) {
    return { outcome: 'miss', reason, commands: 2, clause: 'waits for the process that is loading' }
  }
  const clause = `runs the function${soleLoader(plan)} and stores its result`
  return { outcome: 'miss', reason, commands: 2 + leaseCommands(engine, plan), clause }
}

/** Taking the lease, and telling the others. */
function leaseCommands(engine: Engine, { leaseMs }: Plan): number {
  if (!leaseMs) return 0
  return wakesOf(engine) ? 2 : 1
}

function soleLoader({ leaseMs }: Plan): string {
  return leaseMs ? ' unless another process does' : ''
}
