import type { SuperJSON } from 'superjson'
import { UncacheableValueError } from '../errors/uncacheable-value-error.js'
import { isPlainJson } from './plain.js'

// Loaded when a value first needs it: importing core must not pay for it. A failed load is forgotten, not kept.
let loading: Promise<typeof SuperJSON> | undefined

/** superjson's default instance, on which applications register their classes. */
export function loadSuperjson(): Promise<typeof SuperJSON> {
  loading ??= import('superjson').then(
    (module) => module.default,
    (error) => {
      loading = undefined
      throw error
    },
  )
  return loading
}

const LEAVES = /^(Date|RegExp|URL|(Ui|I)nt(8|16|32)Array|Uint8ClampedArray|Float(32|64)Array)$/

/**
 * Refuses what superjson would quietly mangle: functions, symbols, holes, errors with a class of their own, instances
 * of classes it was not told of.
 * @throws UncacheableValueError that says where it sits.
 */
export function assertRich(value: unknown, superjson: typeof SuperJSON, path = '$', seen = new Set<unknown>()): void {
  if (typeof value === 'function' || typeof value === 'symbol')
    throw new UncacheableValueError(path, `a ${typeof value}`)
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  const visit = (item: unknown, step: unknown) => assertRich(item, superjson, `${path}.${String(step)}`, seen)
  const tag = Object.prototype.toString.call(value).slice(8, -1)
  const proto = Object.getPrototypeOf(value)
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      if (!(i in value)) throw new UncacheableValueError(path, 'an array with holes')
      visit(value[i], i)
    }
  } else if (tag === 'Map') {
    for (const [key, item] of value as Map<unknown, unknown>) {
      visit(key, 'key')
      visit(item, key)
    }
  } else if (tag === 'Set') {
    for (const item of value as Set<unknown>) visit(item, 'member')
  } else if (proto === null || Object.getPrototypeOf(proto) === null) {
    for (const key of Reflect.ownKeys(value)) {
      if (typeof key === 'symbol') throw new UncacheableValueError(path, 'an object with symbol keys')
      visit((value as Record<string, unknown>)[key], key)
    }
  } else if (LEAVES.test(tag)) {
    // An invalid Date, and in arrays of floats what JSON has no number for, would come back as something else.
    const numbers = tag === 'Date' ? [Number(value)] : tag[0] === 'F' ? [...(value as Float64Array)] : []
    if (!isPlainJson(numbers)) throw new UncacheableValueError(path, `a ${tag} with NaN, -0 or an infinity in it`)
  } else if (proto !== Error.prototype || Object.keys(value).length) {
    // Registered classes and custom transformers are the application's word that the value comes back.
    const types = superjson.serialize(value).meta?.values as unknown[][] | undefined
    if (!/^(class|custom)$/.test(`${types?.[0]?.[0]}`)) {
      throw new UncacheableValueError(path, `an instance of ${proto.constructor?.name || 'a class'}`)
    }
  }
}
