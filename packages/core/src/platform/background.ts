import type { Emitter } from '../events/events.js'
import { platform } from './index.js'
import { waitUntilOfNext } from './request-context.js'
import { shared } from './shared.js'

// Loaded with the first code that has such work: those who only read and load have none.

/** The background work of all toolkits in this process, each with the mark of its toolkit, until it ends. */
export const tasks = () => shared('tasks', () => new Map<Promise<unknown>, object>())

/** What is asked of the toolkit whose work it is. */
export interface Host {
  readonly events: Emitter
  readonly options: {
    /** The application's own way to keep a request alive. */
    readonly waitUntil?: (promise: Promise<unknown>) => unknown
  }
}

/**
 * Takes work that goes on after the caller has its answer, such as a refresh. It may reject: that becomes an event, never
 * an unhandled rejection. Workers and hosts of Next.js keep the request alive for it; elsewhere `drain` waits for it,
 * which `close` and the wrapper of Lambda handlers call. Call it in the request whose work it is.
 *
 * @returns whether the runtime sees the work through. If not, another request must not count on its outcome.
 */
export function background({ events, options }: Host, promise: Promise<unknown>): boolean {
  const waitUntil = options.waitUntil ?? platform.waitUntil ?? waitUntilOfNext
  const failed = (error: unknown) => events.emit({ type: 'backgroundFailed', error })
  const task = promise.catch(failed).then(() => {
    tasks().delete(task)
  })
  tasks().set(task, events)
  try {
    return waitUntil(task) !== false
  } catch (error) {
    failed(error)
    return false
  }
}
