import { assertPositiveInteger, invalidOption } from '../errors/usage-error.js'
import { toMs } from '../time/duration.js'
import { DEFAULT_BLOCK_CACHE, type KeyList, type LimiterSettings, type LimitRule, type LimitRules } from './options.js'
import type { Algorithm, Policy } from './outcome.js'

/** A {@link LimitRule} as the engine goes by it. */
export interface ResolvedRule extends Policy {
  /** Undefined where each call brings its own. */
  readonly limit: number | undefined
  /** Undefined where it is the limit. */
  readonly burst: number | undefined
  /** Which algorithm counts. */
  readonly method: Algorithm | 'approximate'
  /** The part of its keys that keeps its counters apart from those of other rules and limiters. */
  readonly room: string
}

export interface ResolvedLimiterOptions extends Required<Omit<LimiterSettings, 'allowList' | 'denyList'>> {
  readonly rules: readonly ResolvedRule[]
  /** Undefined where there is no list. */
  readonly isAllowListed: ((key: string) => boolean) | undefined
  readonly isDenyListed: ((key: string) => boolean) | undefined
}

const ALGORITHMS: readonly string[] = ['sliding-window', 'gcra', 'fixed-window', 'sliding-log', 'concurrency']

/** @throws UsageError that names the option at fault. */
export function resolveLimiter(prefix: string, options: LimiterSettings & LimitRules<unknown>): ResolvedLimiterOptions {
  const { onStoreError = 'local', dryRun = false, blockCache = DEFAULT_BLOCK_CACHE, limits } = options
  if (!['local', 'allow', 'deny'].includes(onStoreError)) {
    throw invalidOption('onStoreError', `must be 'local', 'allow' or 'deny', not ${onStoreError}`)
  }
  if (!(Number.isSafeInteger(blockCache) && blockCache >= 0)) {
    throw invalidOption('blockCache', `must be an integer of 0 or more, not ${blockCache}`)
  }
  if (limits && (!limits.length || options.limit !== undefined)) {
    throw invalidOption('limits', 'must be a list of rules, not empty, in place of `limit` and `per`')
  }
  const rules = (limits ?? [options]).map((rule) => resolveRule(rule, prefix, limits !== undefined))
  if (new Set(rules.map(({ room }) => room)).size < rules.length) {
    throw invalidOption('limits', 'must not have two of one algorithm and window: the lower one decides')
  }
  return {
    onStoreError,
    dryRun,
    blockCache,
    rules,
    isAllowListed: toTest(options.allowList, 'allowList'),
    isDenyListed: toTest(options.denyList, 'denyList'),
  }
}

function resolveRule(
  { limit, per, algorithm = 'sliding-window', approximate = false, burst }: LimitRule<unknown>,
  prefix: string,
  isOneOfSeveral: boolean,
): ResolvedRule {
  if (!ALGORITHMS.includes(algorithm)) {
    throw invalidOption('algorithm', `must be one of ${ALGORITHMS.join(', ')}, not ${algorithm}`)
  }
  if (approximate && algorithm !== 'sliding-window') {
    throw invalidOption('approximate', "goes with algorithm 'sliding-window' only")
  }
  if (burst !== undefined) {
    if (algorithm !== 'gcra') throw invalidOption('burst', "goes with algorithm 'gcra' only")
    assertPositiveInteger(burst, 'burst')
  }
  const windowMs = toMs(per, 'per', 1)
  const isDynamic = typeof limit === 'function'
  if (!isDynamic) assertPositiveInteger(limit as number, 'limit')
  const method = approximate ? 'approximate' : algorithm
  const window = `${windowMs / 1000}s${method === 'sliding-window' ? '' : `-${method}`}`
  return {
    name: isOneOfSeveral ? `${prefix}-${window}` : prefix,
    algorithm,
    windowMs,
    limit: isDynamic ? undefined : (limit as number),
    burst,
    method,
    room: `${prefix}:${method}:${windowMs}:`,
  }
}

function toTest(list: KeyList | undefined, option: string): ((key: string) => boolean) | undefined {
  if (list === undefined || typeof list === 'function') return list
  if (!Array.isArray(list)) throw invalidOption(option, 'must be a list of keys, or a function')
  const keys = new Set(list.map(String))
  return (key) => keys.has(key)
}
