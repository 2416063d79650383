/** Whether an object consists of its string keys alone: no instance of a class, no symbols, no array. */
export function isRecord(value: object): value is Record<string, unknown> {
  const proto = Object.getPrototypeOf(value)
  return (
    // Most are told by the first comparison; an object from another realm has another `Object.prototype`.
    (proto === Object.prototype || proto === null || Object.getPrototypeOf(proto) === null) &&
    Object.getOwnPropertySymbols(value).length === 0
  )
}

/** What kind of object it is, as in `[object Map]`. Not by `instanceof`: another realm has other constructors. */
export function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}

/**
 * Whether a list, Map, Set or Date is more than its content: of a class of its own, or with properties beside. By name,
 * since another realm has other constructors.
 */
export function isExtended(value: object): boolean {
  const tag = tagOf(value)
  const isKnown = /^(Array|Map|Set|Date)$/.test(tag)
  return isKnown && (value.constructor?.name !== tag || Object.keys(value).some((key) => Number.isNaN(Number(key))))
}

/** What an object is that is more than its data, for messages. */
export function kindOf(value: object): string {
  const symbols = Object.getOwnPropertySymbols(value).length ? ' with symbol keys' : ''
  return `an instance of ${value.constructor?.name || 'a class'}${symbols}`
}
