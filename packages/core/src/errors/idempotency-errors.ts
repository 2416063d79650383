import { LarderError } from './larder-error.js'

/** A call with the same key is under way, and has not ended for as long as `wait` allowed. The function did not run. */
export class IdempotencyConflictError extends LarderError {
  override readonly name = 'IdempotencyConflictError'

  constructor(
    /** Whose keys these are: which function. */
    readonly prefix: string,
    readonly key: string,
    cause: unknown,
  ) {
    super('ERR_IDEMPOTENCY_CONFLICT', `${prefix}: a call with this key is under way`, cause)
  }
}

/** The key was used before, for a call with another payload. The function did not run, and nothing was replayed. */
export class IdempotencyMismatchError extends LarderError {
  override readonly name = 'IdempotencyMismatchError'

  constructor(
    /** Whose keys these are: which function. */
    readonly prefix: string,
    readonly key: string,
  ) {
    super('ERR_IDEMPOTENCY_MISMATCH', `${prefix}: this key belongs to a call with another payload: use a new one`)
  }
}
