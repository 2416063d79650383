import type { Adapter } from '../adapter/adapter.js'
import type { Script } from '../adapter/script.js'
import type { shared } from '../platform/shared.js'
import type { Context } from '../store/toolkit.js'
import { createBlockCache } from './block-cache.js'
import { type Changes, createChanges } from './changes.js'
import { blockedMs, isAdmitted, toOutcome } from './decision.js'
import { createInsurance } from './insurance.js'
import { createLease, type Lease } from './lease.js'
import { type LOOK, type Mode, type PENALIZE, REFUND, SPEND } from './mode.js'
import type { LimitOutcome } from './outcome.js'
import type { ResolvedLimiterOptions, ResolvedRule } from './resolve.js'
import { type Decision, limitArgs, limitScript } from './rule.js'
import { numbersOf, RULES } from './rules.js'
import { createLines, type Patience } from './wait.js'

/** A call whose arguments are in order. */
export interface LimitCall {
  readonly key: string
  readonly cost: number
  /** Of each rule. */
  readonly limits: readonly number[]
}

/**
 * What stands behind a limiter: it asks the store, and knows what to answer where that cannot be asked or need not be.
 * Loaded with the first check, so that importing core does not pay for it.
 */
export interface LimitEngine {
  /** @throws at once, as well as by rejecting, what a list of keys throws that is a function */
  decide(call: LimitCall, mode: typeof LOOK | typeof SPEND): Promise<LimitOutcome>
  wait(call: LimitCall, patience: Patience): Promise<LimitOutcome>
  /** @throws StoreError */
  adjust(call: LimitCall, mode: typeof PENALIZE | typeof REFUND): Promise<void>
  /** @throws StoreError */
  reset(key: string): Promise<void>
}

/** What the engine needs of the rest of core. Handed in: what is loaded on need must not share files with what is not. */
export interface EngineParts {
  readonly context: Context
  readonly prefix: string
  readonly settings: ResolvedLimiterOptions
  /** The keys of a rule up to the caller's own part, which {@link tagOf} gives, and a closing brace. */
  headOf(rule: ResolvedRule): string
  tagOf(key: string): string
  newToken(): string
  openMemory(): Adapter
  sleep(pauseMs: number, signal?: AbortSignal): Promise<void>
  /** Whether calls are of requests that must not wait for each other. */
  isAlone(): boolean
  shared: typeof shared
  /** Why the store failed, for an outcome. */
  reasonOf(error: unknown): string
  malformed(): Error
  refusal(outcome: LimitOutcome): Error
}

/** A check. */
interface Asked {
  readonly call: LimitCall
  readonly mode: typeof LOOK | typeof SPEND
  readonly keys: readonly string[]
}

/** A check whose answer is not known yet, so that the store is to be asked. */
interface Question extends Asked {
  readonly args: readonly (string | number)[]
  readonly token: string | undefined
  readonly lease: Lease | undefined
  /** What this process makes of it by itself, where it has admitted others while the store was away. */
  readonly local: Decision | undefined
}

export function createEngine(parts: EngineParts): LimitEngine {
  const { context, prefix, settings } = parts
  const { store, events, monotonicMs } = context
  const { rules, onStoreError } = settings
  const script = limitScript(rules.map(({ method }) => RULES[method]))
  const insurance = createInsurance(parts.openMemory, monotonicMs)
  const blocks = createBlockCache(settings.blockCache, monotonicMs)
  const allChanges = parts.shared('limit-changes', () => new WeakMap<Adapter, Changes>())
  const changes = allChanges.get(store.adapter) ?? createChanges()
  allChanges.set(store.adapter, changes)
  const isLeased = rules.some(({ algorithm }) => algorithm === 'concurrency')
  const wait = createLines(parts, monotonicMs)

  /** Why the store could not be asked the last time; undefined when it could. */
  let failure: string | undefined

  // Most checks cost the same and go by the same limits: what is sent for them need not be written again.
  let lastCall: LimitCall | undefined
  let lastArgs: (string | number)[] = []
  const spendArgs = (call: LimitCall) => {
    if (lastCall?.cost !== call.cost || lastCall.limits !== call.limits) {
      lastCall = call
      lastArgs = argsOf(call, SPEND)
    }
    return lastArgs
  }
  const heads = rules.map(parts.headOf)
  const keysOf = (key: string) => {
    const tag = `${parts.tagOf(key)}}`
    return heads.length === 1 ? [`${heads[0]}${tag}`] : heads.map((head) => `${head}${tag}`)
  }
  const argsOf = ({ cost, limits }: LimitCall, mode: Mode, token?: string) =>
    limitArgs(
      cost,
      mode,
      rules.map((rule, i) => numbersOf(rule, limits[i] as number)),
      token,
    )
  const run = (script: Script<Decision>, keys: readonly string[], args: readonly (string | number)[], again = false) =>
    store.call('run', again, (to, options) => to.run(script, keys, args, options))
  /** What all rules say as one, where nothing is counted. */
  const blind = (admits: boolean, limits: readonly number[]): Decision =>
    rules.flatMap(({ windowMs }, i) => (admits ? [limits[i] as number, 0, 0] : [0, windowMs, 0]))

  function openLease(keys: readonly string[], token: string) {
    const places = keys.filter((_, i) => rules[i]?.algorithm === 'concurrency')
    const refund = limitScript(places.map(() => RULES.concurrency))
    // To end a lease takes no limit and no time.
    const numbers = places.map(() => [1, 0] as const)
    const args = limitArgs(1, REFUND, numbers, token)
    return createLease(
      async () => {
        if (insurance.active) await insurance.run(refund, places, args)
      },
      // Replayable: a lease ends once.
      () =>
        run(refund, places, args, true).then(
          () => {},
          (error) => events.emit({ type: 'fallback', operation: 'limit', prefix, error }),
        ),
    )
  }

  /** What a caller gets to hear, and listeners with it; undefined for an answer that no script of ours gives. */
  function conclude({ call, mode, keys }: Asked, decision: unknown, reason?: string): LimitOutcome | undefined {
    const outcome = toOutcome(decision, rules, call.limits, reason)
    if (!outcome || outcome.allowed) return outcome
    if (mode === SPEND && events.active) {
      events.emit({ type: 'denied', prefix, key: keys[0] as string, retryAfterMs: outcome.retryAfterMs })
    }
    return settings.dryRun ? { ...outcome, allowed: true } : outcome
  }
  /** Of a decision that this process made. */
  const concludeOwn = (question: Asked, decision: Decision, reason?: string) =>
    conclude(question, decision, reason) as LimitOutcome

  // From here to the store, and back to the caller, not one `await` that is not needed: each is felt beside a command.
  function decide(call: LimitCall, mode: typeof LOOK | typeof SPEND): Promise<LimitOutcome> {
    const { key, cost, limits } = call
    const keys = keysOf(key)
    const own = (decision: Decision, reason?: string) =>
      Promise.resolve(concludeOwn({ call, mode, keys }, decision, reason))
    if (settings.isAllowListed?.(key)) return own(blind(true, limits), 'allow-list')
    if (settings.isDenyListed?.(key)) return own(blind(false, limits), 'deny-list')
    const known = mode === SPEND && blocks.find(key, cost, limits)
    if (known) return own(known)
    const token = isLeased ? (mode === SPEND ? parts.newToken() : '') : undefined
    const question: Question = {
      call,
      mode,
      keys,
      args: mode === SPEND && !isLeased ? spendArgs(call) : argsOf(call, mode, token),
      token,
      lease: token ? openLease(keys, token) : undefined,
      local: undefined,
    }
    return insurance.active ? askBoth(question) : ask(question)
  }

  /** What this process admitted alone counts until its time is over, whether or not the store is back. */
  async function askBoth(question: Question): Promise<LimitOutcome> {
    const local = await insurance.run(script, question.keys, question.args)
    return isAdmitted(local) ? ask({ ...question, local }) : concludeOwn(question, local, failure ?? 'local')
  }

  function ask(question: Question): Promise<LimitOutcome> {
    const askedAtMs = monotonicMs()
    const askedAt = changes.now()
    // Not replayable: a check whose answer got lost may have spent already.
    return run(script, question.keys, question.args).then(
      (decision) => answered(question, decision, askedAtMs, askedAt),
      (error) => failed(question, error),
    )
  }

  function answered(question: Question, decision: Decision, askedAtMs: number, askedAt: number) {
    const { call, mode, keys, lease, local, token } = question
    const { key, cost, limits } = call
    const outcome = conclude(question, decision)
    if (!outcome) return failed(question, parts.malformed())
    failure = undefined
    if (outcome.status === 'allowed') {
      // What is spent now is not there for a higher cost either.
      if (mode === SPEND) blocks.forget(key)
      return lease ? { ...outcome, release: lease.release } : outcome
    }
    if (mode !== SPEND) return outcome
    const isOutdated = () => changes.since(askedAt, keys)
    const denial = { cost, limits, decision: decision as readonly number[], askedAtMs, isOutdated }
    blocks.remember(key, denial, blockedMs(outcome))
    if (!local || !cost) return outcome
    return insurance.run(script, keys, argsOf(call, REFUND, token)).then(() => outcome)
  }

  async function failed(question: Question, error: unknown): Promise<LimitOutcome> {
    const { call, keys, args, lease, local } = question
    events.emit({ type: 'fallback', operation: 'limit', prefix, error })
    failure = parts.reasonOf(error)
    // The place may have been taken all the same.
    lease?.abandon()
    const decision =
      onStoreError === 'local'
        ? (local ?? (await insurance.run(script, keys, args)))
        : blind(onStoreError === 'allow', call.limits)
    const outcome = concludeOwn(question, decision, failure)
    return outcome.allowed && lease ? { ...outcome, release: lease.releaseLocal } : outcome
  }

  /** Sends what changes counters by hand. What is asked before it has its answer may be told of either state. */
  async function change(keys: readonly string[], send: () => Promise<unknown>): Promise<void> {
    changes.note(keys)
    try {
      await send()
    } finally {
      changes.note(keys)
    }
  }

  async function adjust(call: LimitCall, mode: typeof PENALIZE | typeof REFUND): Promise<void> {
    const keys = keysOf(call.key)
    const args = argsOf(call, mode, isLeased ? '' : undefined)
    if (insurance.active) await insurance.run(script, keys, args)
    // Not replayable: it would be given or taken twice.
    await change(keys, () => run(script, keys, args))
  }

  /** What the store has spent for a call that nobody waits for any more. A store that fails keeps it. */
  async function giveBack(call: LimitCall, { status, reason, release }: LimitOutcome): Promise<void> {
    await release?.()
    const isSpent = status === 'allowed' && reason === undefined && call.cost > 0
    if (!isSpent || rules.every(({ algorithm }) => algorithm === 'concurrency')) return
    await adjust(call, REFUND).catch((error) => events.emit({ type: 'fallback', operation: 'limit', prefix, error }))
  }

  return {
    decide,
    wait: (call, patience) =>
      wait(call.key, { check: () => decide(call, SPEND), giveBack: (outcome) => giveBack(call, outcome) }, patience),
    adjust,
    async reset(key) {
      const keys = keysOf(key)
      await insurance.forget(keys)
      await change(keys, () => store.call('delete', true, (to, options) => to.delete(keys, options)))
    },
  }
}
