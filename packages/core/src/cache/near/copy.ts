import { isExtended, isRecord } from '../../keys/record.js'

/** Deeper values than this are read from their text again. */
const MAX_DEPTH = 100

/**
 * How to make an exact copy of `value`, at a fraction of the price of reading it from text again; `undefined` where a
 * copy would not be exact: instances of classes, two ways to one object, getters, what is frozen.
 */
export function copierOf(value: unknown): (() => unknown) | undefined {
  if (typeof value !== 'object' || value === null) return () => value
  if (!isTree(value, new Set(), 0)) return undefined
  const isFlat = isRecord(value) && Object.values(value).every(isPrimitive)
  return isFlat ? () => ({ ...value }) : () => copy(value)
}

/** Freezes records and lists all the way down. What keeps its content elsewhere, as Map and Date do, cannot be frozen. */
export function freezeDeep(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  if (!Array.isArray(value) && !isRecord(value)) return
  Object.freeze(value)
  // Not by `Object.values`, which would call getters.
  for (const { value: item } of Object.values(Object.getOwnPropertyDescriptors(value))) freezeDeep(item)
}

function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function')
}

function isTree(value: unknown, seen: Set<object>, depth: number): boolean {
  if (isPrimitive(value)) return typeof value !== 'symbol'
  if (typeof value === 'function' || depth > MAX_DEPTH) return false
  const object = value as object
  if (seen.has(object) || !Object.isExtensible(object) || isExtended(object)) return false
  seen.add(object)
  const inner = (item: unknown) => isTree(item, seen, depth + 1)
  if (Array.isArray(object)) return Object.keys(object).length === object.length && object.every(inner)
  if (object instanceof Date) return true
  if (object instanceof Set) return [...object].every(inner)
  if (object instanceof Map) return [...object].every(([key, item]) => inner(key) && inner(item))
  return (
    Object.getPrototypeOf(object) === Object.prototype && isRecord(object) && hasData(object) && each(object, inner)
  )
}

/** Whether all properties are plain data, which copying by value keeps. */
function hasData(record: object): boolean {
  return Object.values(Object.getOwnPropertyDescriptors(record)).every(
    ({ enumerable, writable, configurable }) => enumerable && writable && configurable,
  )
}

function each(record: object, fits: (item: unknown) => boolean): boolean {
  return Object.values(record).every(fits)
}

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copy)
  if (value instanceof Date) return new Date(value)
  if (value instanceof Set) return new Set(Array.from(value, copy))
  if (value instanceof Map) return new Map(Array.from(value, ([key, item]) => [copy(key), copy(item)]))
  const record: Record<string, unknown> = { ...value }
  for (const key in record) {
    const item = record[key]
    if (typeof item === 'object') record[key] = copy(item)
  }
  return record
}
