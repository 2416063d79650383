import { invalidOption } from '../../errors/usage-error.js'
import { optionalMs } from '../../time/duration.js'
import type { Policy } from '../engine.js'
import type { CachedOptions, EarlyRefreshOptions } from '../options.js'
import { createEarly, type IsEarly } from './early.js'

/** How long one process may keep the others waiting for its load, where no `hardTimeout` says how long one may take. */
export const DEFAULT_LEASE_MS = 5_000

/** What the options of a function come to, on the extended read path. */
export interface Plan {
  /** The function's, with jitter and the windows for stale results in it: for everything that stores. */
  readonly policy: Policy<unknown>
  readonly revalidateMs: number
  readonly errorMs: number
  readonly softMs: number | undefined
  readonly hardMs: number | undefined
  readonly isEarly: IsEarly | undefined
  /** Whether the callers of this process share a load. */
  readonly shares: boolean
  /** For how long a process may have the load for all processes; `undefined` where each loads for itself. */
  readonly leaseMs: number | undefined
  /** How long the last load in this process took. */
  readonly timing: { loadMs: number | undefined }
}

const plans = new WeakMap<Policy<never>, Plan>()

/**
 * The plan of a function, made once.
 * @throws UsageError for options that do not go together; one by one they were checked before
 */
export function planOf(policy: Policy<never>): Plan {
  let plan = plans.get(policy)
  if (!plan) {
    plan = createPlan(policy, policy.options as CachedOptions)
    plans.set(policy, plan)
  }
  return plan
}

function createPlan(policy: Policy<never>, options: CachedOptions): Plan {
  const { jitter = 0, earlyRefresh, dedupe = 'process' } = options
  const revalidateMs = optionalMs(options.staleWhileRevalidate, 'staleWhileRevalidate') ?? 0
  const errorMs = optionalMs(options.staleIfError, 'staleIfError') ?? 0
  const softMs = optionalMs(options.softTimeout, 'softTimeout')
  const hardMs = optionalMs(options.hardTimeout, 'hardTimeout')
  if (softMs !== undefined && !errorMs) {
    throw invalidOption('softTimeout', 'needs `staleIfError`: how long a result is kept to be served instead')
  }
  if (hardMs === 0) throw invalidOption('hardTimeout', 'must be more than 0')
  if (Number.isNaN(jitter)) throw invalidOption('jitter', 'must be from 0 to 1')
  if (dedupe !== 'process' && dedupe !== 'everywhere' && dedupe !== false) {
    throw invalidOption('dedupe', "must be 'process', 'everywhere' or false")
  }
  const jitterMs = typeof jitter === 'number' ? undefined : optionalMs(jitter, 'jitter')
  /** At least 1 ms stays: a ttl of 0 would mean not to store at all. */
  const shortened = (ttlMs: number) => {
    const most = jitterMs === undefined ? ttlMs * (jitter as number) : jitterMs
    return Math.max(Math.min(1, ttlMs), Math.ceil(ttlMs - most * Math.random()))
  }
  return {
    policy: {
      ...(policy as Policy<unknown>),
      ttlMs: (result) => shortened(policy.ttlMs(result as never)),
      staleMs: Math.max(revalidateMs, errorMs),
    },
    revalidateMs,
    errorMs,
    softMs,
    hardMs,
    isEarly: earlyRefresh ? createEarly(checkEarly(earlyRefresh === true ? {} : earlyRefresh)) : undefined,
    shares: dedupe !== false,
    leaseMs: dedupe === 'everywhere' ? (hardMs ?? DEFAULT_LEASE_MS) : undefined,
    timing: { loadMs: undefined },
  }
}

function checkEarly(options: EarlyRefreshOptions): EarlyRefreshOptions {
  const { beta = 1, random, now } = options
  if (!(beta > 0 && beta < Infinity)) throw invalidOption('earlyRefresh.beta', 'must be more than 0')
  for (const [name, given] of Object.entries({ random, now })) {
    if (given !== undefined && typeof given !== 'function') {
      throw invalidOption(`earlyRefresh.${name}`, 'must be a function that gives a number')
    }
  }
  return options
}
