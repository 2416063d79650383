import { LarderError } from './larder-error.js'

/**
 * A result cannot come back from the store as it went in (a `Response`, a stream, a function, an instance of an
 * unregistered class …). The caller still gets the value; it is not stored, and this error is reported once per method
 * by the event `uncacheable`.
 */
export class UncacheableValueError extends LarderError {
  override readonly name = 'UncacheableValueError'

  /** Where in the result it sits, as in `$.user.avatar`. */
  declare readonly path: string

  constructor(path: string, what: string, cause?: unknown) {
    super(
      'ERR_UNCACHEABLE_VALUE',
      `${path} is ${what}, which cannot be stored: give plain data, or a \`serializer\``,
      cause,
    )
    this.path = path
  }
}
