import { UncacheableValueError } from '../errors/uncacheable-value-error.js'
import { invalidOption, UsageError } from '../errors/usage-error.js'
import { canonical } from '../keys/canonical.js'
import { sha256 } from '../keys/sha256.js'
import type { Serializer } from '../serialize/serializer.js'

/**
 * A call that was made, as text: the hash of its payload, or nothing; then `:` and the result, or `!` and where in the
 * result something sits that cannot be stored.
 */
const RECORD = /^([0-9a-f]*)([:!])/

/** What is kept of a call. */
export interface CallRecord {
  readonly payloadHash: string
  /** The result, read anew each time. @throws UncacheableValueError when it could not be kept */
  result(): Promise<unknown>
}

/** @param key where in the store it lies @returns `undefined` for text that is no record */
export function readRecord(text: string, key: string, serializer: Serializer): CallRecord | undefined {
  const [head, payloadHash, kind] = RECORD.exec(text) ?? []
  if (head === undefined) return undefined
  const rest = text.slice(head.length)
  return {
    payloadHash: payloadHash as string,
    async result() {
      if (kind === '!') throw new UncacheableValueError(rest, 'in the result of a call that was made')
      return serializer.deserialize(rest, key)
    },
  }
}

/**
 * A result that cannot be stored leaves a record all the same: the call was made, and must not be made again.
 * @returns the text, and the error if there was one
 */
export async function writeRecord(
  payloadHash: string,
  result: unknown,
  key: string,
  serializer: Serializer,
): Promise<{ text: string; error?: unknown }> {
  try {
    return { text: `${payloadHash}:${await serializer.serialize(result, key)}` }
  } catch (error) {
    return { text: `${payloadHash}!${error instanceof UncacheableValueError ? error.path : '$'}`, error }
  }
}

/** @throws UsageError (`ERR_INVALID_OPTION`) for a payload without content to compare */
export function hashPayload(payload: unknown): string {
  try {
    return sha256(canonical([payload]))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw invalidOption('payload', 'must give plain data: something in it has no content to compare')
  }
}
