import type { Emitter } from '../events/events.js'
import { platform } from './index.js'
import { shared } from './shared.js'

/** The background work of all toolkits in this process that no runtime looks after, each with the toolkit's mark. */
export const tasks = () => shared('tasks', () => new Map<Promise<unknown>, object>())

/**
 * What a toolkit does with work that nobody waits for: the runtime is asked to see it through, and where there is none to
 * ask, it stays on the list that `drain` waits for. What goes wrong with it becomes an event, never an unhandled rejection.
 *
 * @param waitUntil the application's own way to keep a request alive
 */
export function createBackground(events: Emitter, waitUntil?: (promise: Promise<unknown>) => void) {
  const failed = (error: unknown) => events.emit({ type: 'backgroundFailed', error })
  return (promise: Promise<unknown>): boolean => {
    const task = promise.catch(failed).then(() => {
      tasks().delete(task)
    })
    try {
      if (waitUntil) waitUntil(task)
      if (waitUntil || platform.waitUntil(task)) return true
    } catch (error) {
      failed(error)
    }
    tasks().set(task, events)
    return false
  }
}
