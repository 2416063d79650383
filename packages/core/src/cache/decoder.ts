import { isPlainJson } from '../serialize/plain.js'
import { defaultSerializer, type Serializer } from '../serialize/serializer.js'

/** How many values are kept decoded before all are forgotten. */
const MAX_DECODED = 1_000

/** Reads a result back from its payload; `text` is the whole entry. May be a Promise, and may throw. */
export type Decode = (serializer: Serializer, payload: string, text: string) => unknown

/** For stores elsewhere: each answer is a new text, read once. */
export const decode: Decode = (serializer, payload) => serializer.deserialize(payload)

/**
 * For a store in this process, which answers with the very same text each time: what was parsed once is copied, at a
 * fraction of the price of parsing. Every caller still gets a result of its own.
 */
export function createDecoder(): Decode {
  const decoded = new Map<string, unknown>()
  return (serializer, payload, text) => {
    const known = decoded.get(text)
    if (known !== undefined) return copyPlain(known)
    const value = serializer.deserialize(payload)
    if (serializer !== defaultSerializer || typeof value !== 'object' || value === null || !isPlainJson(value))
      return value
    if (decoded.size >= MAX_DECODED) decoded.clear()
    decoded.set(text, value)
    return copyPlain(value)
  }
}

/** A copy of a value that is plain JSON. */
function copyPlain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyPlain)
  // The spread copies the shape at once; only what is nested needs a second look.
  const copy: Record<string, unknown> = { ...value }
  for (const key in copy) {
    const item = copy[key]
    if (typeof item === 'object' && item !== null) copy[key] = copyPlain(item)
  }
  return copy
}
