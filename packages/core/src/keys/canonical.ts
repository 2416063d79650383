import { invalidOption } from '../errors/usage-error.js'
import { isExtended, isRecord, kindOf, tagOf } from './record.js'

/** Deeper nesting than this is taken for a cycle. */
const MAX_DEPTH = 64

/**
 * Arguments as text, so that two lists give one text exactly when they are deeply equal: `1` and `"1"`, `0` and `-0`,
 * `undefined`, `null` and a hole, a Date and its ISO string all differ; the order of object keys, Map entries and Set
 * members does not count.
 *
 * The text is balanced: outside of quotes and brackets it has no `:`, `;` or `,` but those between arguments.
 *
 * @throws UsageError (`ERR_UNCACHEABLE_ARGUMENT`) for what has no content to compare: functions, symbols, streams,
 * requests, instances of classes, cycles.
 */
export function canonical(args: readonly unknown[]): string {
  return args.length === 1 ? write(args[0], 0) : writeObject(args, 0).slice(1, -1)
}

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      return Object.is(value, -0) ? '-0' : `${value}`
    case 'boolean':
    case 'undefined':
      return `${value}`
    case 'bigint':
      return `${value}n`
    case 'object':
      if (value === null) return 'null'
      if (depth > MAX_DEPTH) refuse('nested too deeply, or a cycle')
      return writeObject(value, depth + 1)
    default:
      return refuse(`a ${typeof value}`)
  }
}

/** @param depth that of what is in `value` */
function writeObject(value: object, depth: number): string {
  const inner = (item: unknown) => write(item, depth)
  if (isExtended(value)) refuse(kindOf(value))
  if (Array.isArray(value)) {
    // `Array.from` and not `map`, which would skip holes. A trailing hole needs a mark, or `[,]` would be `[]`.
    const items = Array.from(value, (item, i) => (i in value ? inner(item) : ''))
    return `[${items.join()}${value.length && !(value.length - 1 in value) ? '~' : ''}]`
  }
  if (isRecord(value)) {
    const keys = Object.keys(value).sort()
    return `{${keys.map((key) => `${inner(key)}:${inner(value[key])}`).join()}}`
  }
  const tag = tagOf(value)
  // What has a class keeps its name, so that no two kinds of value share a text.
  const named = (content: unknown) => `${tag}(${content})`
  if (tag === 'Date') return named((value as Date).getTime())
  if (tag === 'Set') return named(Array.from(value as Set<unknown>, inner).sort())
  if (tag === 'Map') {
    const entries = Array.from(value as Map<unknown, unknown>, ([key, item]) => `${inner(key)}:${inner(item)}`)
    return named(entries.sort())
  }
  if (tag === 'RegExp' || tag === 'URL') return named(inner(`${value}`))
  if (tag === 'ArrayBuffer' || ArrayBuffer.isView(value)) {
    const { buffer = value as ArrayBuffer, byteOffset, byteLength } = value as ArrayBufferView
    return named(new Uint8Array(buffer, byteOffset, byteLength))
  }
  return refuse(kindOf(value))
}

function refuse(what: string): never {
  throw invalidOption(
    'key',
    `must be a function of the arguments: one of them is ${what}, which has no key`,
    'ERR_UNCACHEABLE_ARGUMENT',
  )
}
