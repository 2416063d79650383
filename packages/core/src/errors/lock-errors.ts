import { LarderError } from './larder-error.js'

/** Somebody else held the lock for as long as `wait` allowed. The body did not run. */
export class LockBusyError extends LarderError {
  override readonly name = 'LockBusyError'

  constructor(
    readonly key: string,
    /** How long the acquire waited, in milliseconds. */
    readonly waitedMs: number,
  ) {
    super('ERR_LOCK_BUSY', `lock ${key} is held by another: waited ${waitedMs} ms`)
  }
}

/**
 * The lock was held and is no longer: its time ran out, or another took it. It is the `reason` of the body's `signal`,
 * and rejects a late `extend()`.
 */
export class LockLostError extends LarderError {
  override readonly name = 'LockLostError'

  constructor(readonly key: string) {
    super('ERR_LOCK_LOST', `lock ${key} was lost: its time ran out or another took it`)
  }
}

/** The store could not say who holds the lock. The body did not run: a lock never fails open. `cause` has the store's error. */
export class LockStoreError extends LarderError {
  override readonly name = 'LockStoreError'

  constructor(
    readonly key: string,
    cause: unknown,
  ) {
    super('ERR_LOCK_STORE', `lock ${key}: the store failed, so nobody holds it by this call`, cause)
  }
}

/** For `catch`: makes the store's error one of a lock. */
export function lockStoreFailed(key: string): (error: unknown) => never {
  return (error) => {
    throw new LockStoreError(key, error)
  }
}
