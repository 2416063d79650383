import type { ErrorCode } from './codes.js'

const BRAND = Symbol.for('larder.error')

/**
 * The base of every error that Larder itself raises. The errors of your own methods are never wrapped in it.
 *
 * `code` is stable across releases and has a page of its own in `docs/errors/`; `message` is for people and may change.
 * It never holds a cached value, a token or a URL with credentials. `cause` keeps the error underneath, where there is one.
 *
 * @example
 * try { await catalog.checkout('ada') } catch (error) {
 *   if (isLarderError(error) && error.code === 'ERR_RATE_LIMITED') retryLater()
 * }
 */
export class LarderError extends Error {
  /** The name of the class, which minifiers leave as it is. */
  override readonly name: string = 'LarderError'
  /** What went wrong, as a stable identifier. */
  declare readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }

  /** What {@link isLarderError} goes by. */
  get [BRAND](): true {
    return true
  }
}

/**
 * Whether `error` was raised by Larder. Unlike `instanceof`, it also holds when two copies of the package are loaded
 * (ESM beside CommonJS, or two versions in one tree).
 *
 * @example
 * await catalog.checkout('ada').catch((error) => {
 *   if (isLarderError(error) && error.code === 'ERR_LOCK_BUSY') return retryLater()
 *   throw error
 * })
 */
export function isLarderError(error: unknown): error is LarderError {
  return typeof error === 'object' && error !== null && BRAND in error
}
