import { type Adapter, type CallOptions, StoreError, type StoreFailure, UsageError } from '@larder/core'

/** A call of an adapter, and how long it may take. */
export interface Question<R> {
  /** The adapter's method, for errors. */
  readonly operation: string
  readonly budgetMs: number
  readonly send: (call: CallOptions) => Promise<R>
  /** Whether an answer is one. @default any is */
  readonly accepts?: (answer: R) => boolean
}

/**
 * One call of an adapter, which has no time limit of its own. It is sent once.
 *
 * @throws StoreError (`ERR_STORE`) when the adapter rejects, answers nonsense, or has not answered after `budgetMs`: its
 * signal is aborted then, and whether the call took effect is unknown. UsageError, as it comes, when the call is wrong.
 */
export function ask<R>(adapter: Adapter, { operation, budgetMs, send, accepts }: Question<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    let controller: AbortController | undefined
    const fail = (reason: StoreFailure, cause?: unknown) =>
      reject(new StoreError(adapter.name, operation, reason, cause))
    const timers = adapter.timers ?? globalThis
    const timer = timers.setTimeout(() => {
      // A process that was busy or frozen may have the answer in its socket: one turn of the event loop to take it.
      setTimeout(() => {
        fail('timeout')
        controller?.abort()
      })
    }, budgetMs - 1)
    const answered = (answer: R) => {
      timers.clearTimeout(timer as never)
      if (accepts?.(answer) === false) fail('malformed')
      else resolve(answer)
    }
    const refused = (error: unknown) => {
      timers.clearTimeout(timer as never)
      if (error instanceof UsageError) reject(error)
      else fail(error instanceof StoreError ? error.reason : 'unavailable', error)
    }
    const call: CallOptions = {
      replayable: true,
      // Made on demand: most adapters have no use for it, and it costs more than the call.
      get signal() {
        controller ??= new AbortController()
        return controller.signal
      },
    }
    try {
      send(call).then(answered, refused)
    } catch (error) {
      // An adapter that throws instead of rejecting.
      refused(error)
    }
  })
}
