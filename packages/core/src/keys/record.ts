/** Whether an object consists of its string keys alone: no instance of a class, no symbols, no array. */
export function isRecord(value: object): value is Record<string, unknown> {
  const proto = Object.getPrototypeOf(value)
  return (
    // Most are told by the first comparison; an object from another realm has another `Object.prototype`.
    (proto === Object.prototype || proto === null || Object.getPrototypeOf(proto) === null) &&
    Object.getOwnPropertySymbols(value).length === 0
  )
}

/** What an object is that is more than its data, for messages. */
export function kindOf(value: object): string {
  const symbols = Object.getOwnPropertySymbols(value).length ? ' with symbol keys' : ''
  return `an instance of ${value.constructor?.name || 'a class'}${symbols}`
}
