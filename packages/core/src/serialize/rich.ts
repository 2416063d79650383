import type { SuperJSON } from 'superjson'
import { UncacheableValueError } from '../errors/uncacheable-value-error.js'
import { isExtended, isRecord, kindOf } from '../keys/record.js'
import { isPlainJson } from './plain.js'

/** What superjson writes of a value. @throws UncacheableValueError for what it would not give back as it is. */
export async function writeRich(value: unknown): Promise<string> {
  const superjson = await load()
  assertRich(value, superjson)
  try {
    return superjson.stringify(value)
  } catch (error) {
    throw new UncacheableValueError('$', 'refused by superjson', error)
  }
}

export async function readRich(text: string): Promise<unknown> {
  return (await load()).parse(text)
}

/** superjson's default instance, on which applications register their classes. */
async function load(): Promise<typeof SuperJSON> {
  return (await import('superjson')).default
}

const LEAVES = /^(Date|RegExp|URL|(Uint8Clamped|(Ui|I)nt(8|16|32)|Float(32|64))Array)$/

/**
 * Refuses what superjson would quietly mangle: functions, symbols, holes, errors with a class of their own, instances
 * of classes it was not told of.
 * @throws UncacheableValueError that says where it sits.
 */
function assertRich(value: unknown, superjson: typeof SuperJSON, path = '$', seen = new Set<unknown>()): void {
  const refuse = (what: string) => {
    throw new UncacheableValueError(path, what)
  }
  if (typeof value === 'function' || typeof value === 'symbol') refuse(`a ${typeof value}`)
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  const visit = (item: unknown, step: unknown) => assertRich(item, superjson, `${path}.${String(step)}`, seen)
  const tag = Object.prototype.toString.call(value).slice(8, -1)
  if (isExtended(value)) refuse(kindOf(value))
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      if (!(i in value)) refuse('an array with holes')
      visit(item, i)
    }
  } else if (tag === 'Map') {
    for (const [key, item] of value as Map<unknown, unknown>) {
      visit(key, 'key')
      visit(item, key)
    }
  } else if (tag === 'Set') {
    for (const item of value as Set<unknown>) visit(item, 'member')
  } else if (isRecord(value)) {
    for (const key in value) visit(value[key], key)
  } else if (LEAVES.test(tag)) {
    // An invalid Date, and in arrays of floats what JSON has no number for, would come back as something else.
    const numbers = tag === 'Date' ? [Number(value)] : tag[0] === 'F' ? [...(value as Float64Array)] : []
    if (!isPlainJson(numbers)) refuse(`a ${tag} with NaN, -0 or an infinity in it`)
  } else if (Object.getPrototypeOf(value) !== Error.prototype || Object.keys(value).length) {
    // Registered classes and custom transformers are the application's word that the value comes back.
    const types = superjson.serialize(value).meta?.values as unknown[][] | undefined
    if (!/^(class|custom)$/.test(`${types?.[0]?.[0]}`)) refuse(kindOf(value))
  }
}
