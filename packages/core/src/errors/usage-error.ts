import type { ErrorCode } from './codes.js'
import { LarderError } from './larder-error.js'

/**
 * The code that calls Larder has to change: a bad option, a decorator in the wrong place, a prefix claimed twice.
 * Thrown at decoration or at the first call, never because of the store. The message names the option and the way out.
 */
export class UsageError extends LarderError {
  override readonly name = 'UsageError'
  /** The option or argument at fault, such as `ttl` or `prefix`. */
  declare readonly option: string | undefined

  constructor(code: ErrorCode, message: string, option?: string) {
    super(code, message)
    this.option = option
  }
}

/** An option is outside what it may be. `requirement` completes the sentence "`option` …". */
export function invalidOption(option: string, requirement: string, code: ErrorCode = 'ERR_INVALID_OPTION'): UsageError {
  return new UsageError(code, `\`${option}\` ${requirement}`, option)
}

/** @throws UsageError (`ERR_INVALID_OPTION`) unless `value` is an integer of 1 or more. */
export function assertPositiveInteger(value: number, option: string): void {
  if (!(Number.isSafeInteger(value) && value > 0)) {
    throw invalidOption(option, `must be a positive integer, not ${value}`)
  }
}
