/** Deeper values than this go the slow way, which also knows cycles. */
const MAX_DEPTH = 100

/**
 * Whether `JSON.parse(JSON.stringify(value))` gives `value` back exactly. Then plain JSON is written, at a fraction of
 * the price of anything richer.
 */
export function isPlainJson(value: unknown): boolean {
  return isPlainLeaf(value) || isPlainTree(value, 0)
}

function isPlainLeaf(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      // Not NaN, ±Infinity or -0.
      return value === 0 ? 1 / value > 0 : value - value === 0
    default:
      return value === null
  }
}

function isPlainTree(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return false
  if (Array.isArray(value)) {
    // By index, since a hole reads as undefined, which is not plain.
    for (let i = 0; i < value.length; i++) {
      const item = value[i]
      if (!isPlainLeaf(item) && !isPlainTree(item, depth + 1)) return false
    }
    return true
  }
  const proto = Object.getPrototypeOf(value)
  if (proto !== Object.prototype && proto !== null && Object.getPrototypeOf(proto) !== null) return false
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key]
    if (!isPlainLeaf(item) && !isPlainTree(item, depth + 1)) return false
  }
  return Object.getOwnPropertySymbols(value).length === 0
}
