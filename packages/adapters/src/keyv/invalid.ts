import { UsageError } from '@larder/core'

/** `requirement` completes the sentence "`option` …". */
export function invalid(option: string, requirement: string): UsageError {
  return new UsageError('ERR_INVALID_OPTION', `\`${option}\` ${requirement}`, option)
}
