import { endAll } from './bus/listen.js'
import { engineOf } from './cache/engine.js'
import type { Toolkit } from './store/toolkit.js'
import { type Duration, toMs } from './time/duration.js'

/** The longest that a drain waits, unless told otherwise. */
export const DEFAULT_DRAIN_MS = 5_000

/** How long {@link Drain} waits. */
export interface DrainOptions {
  /** The longest to wait. 0 only looks. @default '5s' */
  readonly timeout?: Duration
}

/** The type of `drain`. */
export interface Drain {
  /**
   * Waits for the work that goes on behind answers: refreshes, and evictions that a store missed, which are tried once
   * more. For where a process is about to stop or to be frozen; `close` does it, and so does `lambdaHandler` of
   * `@larder/core/lambda`. On Workers there is nothing to wait for: the runtime keeps requests alive for it.
   *
   * @returns whether all of it ended in time. Never rejects for the work's sake: what fails becomes an event.
   *
   * @example
   * process.on('SIGTERM', async () => {
   *   await drain({ timeout: '2s' })
   *   process.exit()
   * })
   */
  (options?: DrainOptions): Promise<boolean>
}

/** Makes `drain` for a toolkit. */
export function createDrain(toolkit: Toolkit): Drain {
  return async ({ timeout } = {}) => {
    const limitMs = timeout === undefined ? DEFAULT_DRAIN_MS : toMs(timeout, 'timeout')
    return import('./platform/drain.js').then(
      ({ drainTasks }) => drainTasks(limitMs, toolkit.context().events),
      () => false,
    )
  }
}

/** `close` of a toolkit: what is under way may end, within the time limit of a drain; then nothing more is taken on. */
export async function closeToolkit(toolkit: Toolkit): Promise<void> {
  const context = toolkit.context()
  await createDrain(toolkit)()
  await Promise.all([endAll(context), engineOf(context).near?.news.close()])
  await context.store.adapter.close()
}
