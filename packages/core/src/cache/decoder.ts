import { isPlainJson } from '../serialize/plain.js'
import { defaultSerializer } from '../serialize/serializer.js'
import type { Decode } from './engine.js'

/** How many values are kept decoded before all are forgotten. */
const MAX_DECODED = 1_000
/** Longer entries than this, in characters, are parsed each time: copies must stay small beside what the store may hold. */
const MAX_LENGTH = 4_096

/**
 * The {@link Decode} for a store in this process, which answers with the very same text each time: what was parsed once
 * is copied, at a fraction of the price of parsing. Every caller still gets a result of its own.
 */
export function createDecoder(): Decode {
  const copies = new Map<string, () => unknown>()
  return (serializer, payload, text, key) => {
    // Another one may refuse what the default takes, as one with a schema does.
    if (serializer !== defaultSerializer) return serializer.deserialize(payload, key)
    const copy = copies.get(text)
    if (copy !== undefined) return copy()
    const value = serializer.deserialize(payload, key)
    if (text.length > MAX_LENGTH || typeof value !== 'object' || value === null || !isPlainJson(value)) return value
    if (copies.size >= MAX_DECODED) copies.clear()
    const isFlat = !Array.isArray(value) && Object.values(value).every((item) => typeof item !== 'object')
    copies.set(text, isFlat ? () => ({ ...value }) : () => copyPlain(value))
    return copyPlain(value)
  }
}

/** A copy of a value that is plain JSON. */
function copyPlain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyPlain)
  const copy: Record<string, unknown> = { ...value }
  for (const key in copy) copy[key] = copyPlain(copy[key])
  return copy
}
