import type { Emitter } from '../events/events.js'
import { platform } from './index.js'
import { shared } from './shared.js'

/** The background work of all toolkits in this process, each with the mark of its toolkit, until it ends. */
export const tasks = () => shared('tasks', () => new Map<Promise<unknown>, object>())

/**
 * What a toolkit does with work that nobody waits for: the runtime is asked to see it through, and it is on the
 * list that `drain` waits for. What goes wrong with it becomes an event, never an unhandled rejection.
 *
 * @param waitUntil the application's own way to keep a request alive
 */
export function createBackground(
  events: Emitter,
  waitUntil: (promise: Promise<unknown>) => unknown = platform.waitUntil,
) {
  const failed = (error: unknown) => events.emit({ type: 'backgroundFailed', error })
  return (promise: Promise<unknown>): boolean => {
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
}
