import { invalidOption } from '../errors/usage-error.js'
import { type InvocationContext, runInvocation } from './invocation.js'

/** What Lambda gives handlers of the callback style. */
export type Callback<Result> = (error?: Error | string | null, result?: Result) => void

/**
 * Wraps a Lambda handler, so that nothing is left behind its answer: Lambda freezes the process as soon as the answer
 * is out, and what then is under way stands still until the next invocation, if there is one.
 *
 * - Work behind the answer (refreshes, evictions that the store missed) ends before the answer goes out, as far as the
 *   invocation's time allows, less 50 ms.
 * - No store call takes longer than the invocation has left.
 * - The handler's result or error is answered as it is. Handlers of the callback style, those that take three
 *   arguments, are answered by callback or promise, whichever comes first, and open sockets no longer hold them up.
 *
 * For streamed answers, see `runInvocation`.
 *
 * @example
 * ```ts
 * const handler = lambdaHandler(async (event: { id: string }) => ({
 *   statusCode: 200,
 *   body: JSON.stringify(await catalog.product(event.id)),
 * }))
 * ```
 */
export function lambdaHandler<Event, Context extends InvocationContext, Result>(
  fn: (event: Event, context: Context) => Result | Promise<Result>,
): (event: Event, context: Context) => Promise<Result>
export function lambdaHandler<Event, Context extends InvocationContext, Result>(
  // biome-ignore lint/suspicious/noConfusingVoidType: what the type of a Handler says.
  fn: (event: Event, context: Context, callback: Callback<Result>) => void | Promise<Result>,
): (event: Event, context: Context) => Promise<Result>
export function lambdaHandler<Event, Context extends InvocationContext, Result>(
  fn: (event: Event, context: Context, callback: Callback<Result>) => unknown,
): (event: Event, context: Context) => Promise<Result> {
  if (typeof fn !== 'function') throw invalidOption('fn', 'must be the handler')
  // Of two parameters: the runtime takes a handler with three for one of the callback style.
  return (event, context) =>
    runInvocation(context, () =>
      fn.length < 3
        ? (fn(event, context, () => {}) as Promise<Result>)
        : new Promise<Result>((resolve, reject) => {
            const returned = fn(event, context, (error, result) =>
              error === null || error === undefined ? resolve(result as Result) : reject(error),
            ) as Promise<Result> | undefined
            if (typeof returned?.then === 'function') returned.then(resolve, reject)
          }),
    )
}
