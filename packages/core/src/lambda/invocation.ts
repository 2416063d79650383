import { invalidOption } from '../errors/usage-error.js'
import { deadlines } from '../platform/deadlines.js'
import { drainTasks } from '../platform/drain.js'
import { platform } from '../platform/index.js'

/** What is kept of an invocation's time for handing over the answer. */
const RESERVE_MS = 50

/** What is used of the context that Lambda gives a handler. */
export interface InvocationContext {
  /** How many milliseconds the invocation has left. */
  getRemainingTimeInMillis(): number
}

/**
 * Begins an invocation: until it ends, no store call takes longer than the invocation has left.
 *
 * The function that it returns ends it. Await that before the answer goes out: it waits for work behind the answer,
 * such as refreshes, which would otherwise stand still with the frozen process. It waits no longer than the invocation
 * has left, less 50 ms, never rejects, and may be called more than once.
 *
 * For frameworks with hooks of their own, such as Middy. Elsewhere `lambdaHandler` and `runInvocation` do it.
 *
 * @throws UsageError when `context` is not one of Lambda's
 *
 * @example
 * ```ts
 * const middleware = () => {
 *   let end: (() => Promise<void>) | undefined
 *   return {
 *     before: ({ context }: { context: { getRemainingTimeInMillis(): number } }) => {
 *       end = beginInvocation(context)
 *     },
 *     after: () => end?.(),
 *     onError: () => end?.(),
 *   }
 * }
 * ```
 */
export function beginInvocation(context: InvocationContext): () => Promise<void> {
  if (typeof context?.getRemainingTimeInMillis !== 'function') {
    throw invalidOption('context', 'must be the one that Lambda gives to handlers, with getRemainingTimeInMillis()')
  }
  const deadline = { atMs: platform.monotonicMs() + context.getRemainingTimeInMillis() - RESERVE_MS }
  deadlines().add(deadline)
  return async () => {
    await drainTasks(Math.max(0, deadline.atMs - platform.monotonicMs()))
    deadlines().delete(deadline)
  }
}

/**
 * Runs `fn` as the work of one invocation. Its result or error comes as it is, once the work behind it has ended.
 * For streamed answers too: the stream may end before `fn` does.
 *
 * @example
 * ```ts
 * const handler = async (event: { id: string }, context: { getRemainingTimeInMillis(): number }) =>
 *   runInvocation(context, async () => catalog.product(event.id))
 * ```
 */
export async function runInvocation<Result>(
  context: InvocationContext,
  fn: () => Result | Promise<Result>,
): Promise<Result> {
  const end = beginInvocation(context)
  try {
    return await fn()
  } finally {
    await end()
  }
}
