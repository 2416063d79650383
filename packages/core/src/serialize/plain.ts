import { isRecord } from '../keys/record.js'

/** Deeper values than this go the slow way, which also knows cycles. */
const MAX_DEPTH = 100

/**
 * Whether `JSON.parse(JSON.stringify(value))` gives `value` back exactly. Then plain JSON is written, at a fraction of
 * the price of anything richer.
 */
export function isPlainJson(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
    case 'object':
      return value === null || (depth <= MAX_DEPTH && isPlainTree(value, depth + 1))
    default:
      return false
  }
}

function isPlainTree(value: object, depth: number): boolean {
  // A list of a class of its own would come back without it.
  if (Array.isArray(value) && value.constructor === Array) {
    // By index, since a hole reads as undefined, which is not plain.
    for (let i = 0; i < value.length; i++) if (!isPlainJson(value[i], depth)) return false
    return true
  }
  if (!isRecord(value)) return false
  for (const key in value) if (!isPlainJson(value[key], depth)) return false
  return true
}
