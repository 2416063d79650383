/** Too much is going on: nothing was sent to Redis, and the same request may pass in a moment. */
export class BusyError extends Error {
  override readonly name = 'BusyError'
}
