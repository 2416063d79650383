/** The part of a key that decides its slot: what stands between the first `{` and the next `}`, or all of it. */
function hashTag(key: string): string {
  const open = key.indexOf('{')
  const close = open < 0 ? -1 : key.indexOf('}', open + 1)
  return close > open + 1 ? key.slice(open + 1, close) : key
}

/**
 * Keys in groups that lie in one slot for certain. Two hash tags may share a slot by chance; that costs a command more,
 * and saves computing slots.
 */
export function groupBySlot(keys: readonly string[]): string[][] {
  const groups = new Map<string, string[]>()
  for (const key of new Set(keys)) {
    const tag = hashTag(key)
    const group = groups.get(tag)
    if (group) group.push(key)
    else groups.set(tag, [key])
  }
  return [...groups.values()]
}
