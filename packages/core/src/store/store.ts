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

  function call<R>(
    operation: string,
    replayable: boolean,
    send: (adapter: Adapter, call: CallOptions) => Promise<R>,
    budgetMs = defaultBudgetMs,
  ): Promise<R> {
    return new Promise((resolve, reject) => {
      const startedMs = monotonicMs()
      let commands = 0
      if (!breaker.admits()) return reject(failure(operation, 'breaker-open'))
      const context = new Call(replayable)
      // This process cannot hang on itself, so an in-process store needs no limit.
      const timer = embedded
        ? undefined
        : setTimeout(() => {
            // A process that was busy or frozen may have the answer in its socket: one turn of the event loop to take it.
            setTimeout(() => {
              fail('timeout')
              context.abort()
            })
          }, platform.capMs(budgetMs) - 1)
      let retries = replayable ? 1 : 0
      let open = true
      const finish = (settle: () => void, error?: unknown) => {
        if (!open) return
        open = false
        clearTimeout(timer)
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
          retries-- > 0 &&
          breaker.state === 'closed' &&
          (error as Retryable | undefined)?.retryable !== false
        ) {
          setTimeout(attempt, Math.random() * RETRY_PAUSE_MS)
        } else {
          fail(error instanceof StoreError ? error.reason : 'unavailable', error)
        }
      }
      const attempt = () => {
        if (!open) return
        commands++
        count(operation)
        try {
          send(adapter, context).then(
            (value) =>
              finish(() => {
                breaker.succeeded()
                resolve(value)
              }),
            rejected,
          )
        } catch (error) {
          // An adapter that throws instead of rejecting.
          rejected(error)
        }
      }
      attempt()
    })
  }

  const read = (keys: readonly string[], budgetMs?: number) =>
    call(
      'getMany',
      true,
      async (to, options) => {
        const values = await to.getMany(keys, options)
        // A lying store must not crash the engines: what is no list of strings and nulls is no answer.
        if (Array.isArray(values) && values.length === keys.length && values.every(isStringOrNull)) return values
        throw failure('getMany', 'malformed')
      },
      budgetMs,
    )

  return {
    adapter,
    breaker,
    calls,
    budgetMs: defaultBudgetMs,
    call,
    set: (key, value, options, budgetMs) =>
      call('set', true, (to, context) => to.set(key, value, Object.assign(context, options)), budgetMs),
    read: foldReads(read),
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
