import type { Adapter, CallOptions, SetOptions } from '../adapter/adapter.js'
import { embeddedRead } from '../adapter/memory.js'
import { StoreError, type StoreFailure } from '../errors/store-error.js'
import { UsageError } from '../errors/usage-error.js'
import type { Emitter } from '../events/events.js'
import { platform } from '../platform/index.js'
import { type Breaker, createBreaker, type ResolvedBreakerOptions } from './breaker.js'
import { Call } from './call.js'
import { foldReads } from './fold.js'

/** The most milliseconds of a store call, unless the adapter or the application says otherwise. */
export const DEFAULT_BUDGET_MS = 250
/** The longest pause before the one retry of a replayable call. Full jitter: the pause is anything from 0 to this. */
const RETRY_PAUSE_MS = 20

/**
 * The guard around an adapter, the same for every adapter and the only way by which engines reach one: a time limit
 * per call, a circuit breaker, one retry for calls whose replay is harmless, folding of reads, a count of calls.
 *
 * Every method rejects with `StoreError` when the store fails, and with `UsageError` when the call itself is wrong.
 */
export interface Store {
  readonly adapter: Adapter
  readonly breaker: Breaker
  /** Calls sent to the adapter so far, by method. A retry counts again. */
  readonly calls: Readonly<Record<string, number>>
  /** The most milliseconds a call may take where its caller does not say. */
  readonly budgetMs: number
  /**
   * `getMany`, folded: reads issued in one tick go out as one, each key once. Replayable.
   * @param budgetMs the most milliseconds to wait for the answer
   */
  read(keys: readonly string[], budgetMs?: number): Promise<(string | null)[]>
  /** `read` at once and without a guard, where the store is a map in this process. It throws only when that was closed. */
  readonly readNow: ((keys: readonly string[]) => (string | null)[]) | undefined
  /** `set`, for values whose second writing would be harmless. Replayable. */
  set(key: string, value: string, options: SetOptions, budgetMs?: number): Promise<boolean>
  /** Any other call. `send` passes on its argument to the adapter as `CallOptions`. */
  call<R>(
    operation: string,
    replayable: boolean,
    send: (adapter: Adapter, call: CallOptions) => Promise<R>,
    budgetMs?: number,
  ): Promise<R>
}

export interface ResolvedStoreOptions extends ResolvedBreakerOptions {
  readonly budgetMs: number
  readonly events: Emitter
}

/** An adapter's error may say that another try would end like the first. */
interface Retryable {
  readonly retryable?: boolean
}

export function createStore(adapter: Adapter, options: ResolvedStoreOptions): Store {
  const { budgetMs: defaultBudgetMs, events, monotonicMs } = options
  const embedded = embeddedRead(adapter)
  const calls: Record<string, number> = {}
  const count = (operation: string) => {
    calls[operation] = (calls[operation] ?? 0) + 1
  }
  const breaker = createBreaker(options, (state) => events.emit({ type: 'breaker', adapter: adapter.name, state }))
  const failure = (operation: string, reason: StoreFailure, cause?: unknown) =>
    new StoreError(adapter.name, operation, reason, cause)

  /**
   * `call`, with functions in place of a promise, of which a hit has few.
   * @param accepts whether an answer is one
   */
  function send<R>(
    operation: string,
    replayable: boolean,
    ask: (adapter: Adapter, call: CallOptions) => Promise<R>,
    budgetMs = defaultBudgetMs,
    resolve: (value: R) => void,
    reject: (error: unknown) => void,
    accepts?: (value: R) => boolean,
  ): void {
    const startedMs = monotonicMs()
    let commands = 0
    if (!breaker.admits()) {
      reject(failure(operation, 'breaker-open'))
      return
    }
    const context = new Call(replayable)
    // Who listens to events may ask on whose behalf something happened, which a timer of many calls does not know.
    const timers = (!events.active && adapter.timers) || globalThis
    // This process cannot hang on itself, so an in-process store needs no limit.
    const timer = embedded
      ? undefined
      : timers.setTimeout(() => {
          // A process that was busy or frozen may have the answer in its socket: one turn of the event loop to take it.
          setTimeout(() => {
            fail('timeout')
            context.controller.abort()
          })
        }, platform.capMs(budgetMs) - 1)
    let open = true
    const finish = (settle: () => void, error?: unknown) => {
      if (!open) return
      open = false
      timers.clearTimeout(timer as never)
      if (!embedded && events.active) {
        const durationMs = monotonicMs() - startedMs
        events.emit({ type: 'spend', adapter: adapter.name, operation, commands, durationMs, error })
      }
      settle()
    }
    const fail = (reason: StoreFailure, cause?: unknown) =>
      finish(() => {
        breaker.failed()
        reject(failure(operation, reason, cause))
      }, cause ?? reason)
    const rejected = (error: unknown) => {
      if (error instanceof UsageError) {
        // Says nothing about the store. If it was the breaker's probe, another goes out after a pause.
        finish(() => reject(error), error)
      } else if (
        replayable &&
        commands < 2 &&
        breaker.state === 'closed' &&
        (error as Retryable | undefined)?.retryable !== false
      ) {
        setTimeout(attempt, Math.random() * RETRY_PAUSE_MS)
      } else {
        fail(error instanceof StoreError ? error.reason : 'unavailable', error)
      }
    }
    const answered = (value: R) => {
      // A lying store must not crash the engines.
      if (accepts?.(value) === false) rejected(failure(operation, 'malformed'))
      else
        finish(() => {
          breaker.succeeded()
          resolve(value)
        })
    }
    const attempt = () => {
      if (!open) return
      commands++
      count(operation)
      try {
        ask(adapter, context).then(answered, rejected)
      } catch (error) {
        // An adapter that throws instead of rejecting.
        rejected(error)
      }
    }
    attempt()
  }

  const call: Store['call'] = (operation, replayable, ask, budgetMs) =>
    new Promise((resolve, reject) => send(operation, replayable, ask, budgetMs, resolve, reject))

  return {
    adapter,
    breaker,
    calls,
    budgetMs: defaultBudgetMs,
    call,
    set: (key, value, options, budgetMs) =>
      call('set', true, (to, context) => to.set(key, value, Object.assign(context, options)), budgetMs),
    read: foldReads((keys, budgetMs, resolve, reject) =>
      send(
        'getMany',
        true,
        (to, options) => to.getMany(keys, options),
        budgetMs,
        resolve,
        reject,
        (values) => Array.isArray(values) && values.length === keys.length && values.every(isStringOrNull),
      ),
    ),
    readNow:
      embedded &&
      ((keys) => {
        count('getMany')
        return embedded(keys)
      }),
  }
}

function isStringOrNull(value: unknown): boolean {
  return typeof value === 'string' || value === null
}
