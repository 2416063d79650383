import { UsageError } from '../errors/usage-error.js'

/** Deeper nesting than this is taken for a cycle. */
const MAX_DEPTH = 64
/** Printable ASCII without quotes and backslashes: what JSON writes as it is, found out faster than by JSON. */
const PLAIN = /^[ !#-[\]-~]*$/

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
  if (args.length === 1) return write(args[0], 0)
  let text = ''
  // By index: `map` would skip holes.
  for (let i = 0; i < args.length; i++) text += (i ? ',' : '') + write(args[i], 0)
  return text
}

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value)
    case 'number':
      return value === 0 && 1 / value < 0 ? '-0' : `${value}`
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

function writeObject(value: object, depth: number): string {
  if (Array.isArray(value)) {
    let text = ''
    for (let i = 0; i < value.length; i++) text += (i ? ',' : '') + (i in value ? write(value[i], depth) : '')
    // A trailing hole needs a mark, or `[,]` would be `[]`.
    return `[${text}${value.length && !(value.length - 1 in value) ? '~' : ''}]`
  }
  const proto = Object.getPrototypeOf(value)
  if (proto === Object.prototype || proto === null || Object.getPrototypeOf(proto) === null) {
    if (Object.getOwnPropertySymbols(value).length) refuse('an object with symbol keys')
    const keys = Object.keys(value).sort()
    let text = ''
    for (const key of keys) {
      text += `${text && ','}${write(key, 0)}:${write((value as Record<string, unknown>)[key], depth)}`
    }
    return `{${text}}`
  }
  const inner = (item: unknown) => write(item, depth)
  // The tag, not `instanceof`: a Date from another realm is a Date.
  const tag = Object.prototype.toString.call(value).slice(8, -1)
  // What has a class keeps its name, so that no two kinds of value share a text.
  const named = (content: string) => `${tag}(${content})`
  if (tag === 'Date') return named(`${(value as Date).getTime()}`)
  if (tag === 'Set') return named([...(value as Set<unknown>)].map(inner).sort().join())
  if (tag === 'Map') {
    return named(
      [...(value as Map<unknown, unknown>)]
        .map(([key, item]) => `${inner(key)}:${inner(item)}`)
        .sort()
        .join(),
    )
  }
  if (tag === 'RegExp' || tag === 'URL') return named(write(`${value}`, 0))
  if (ArrayBuffer.isView(value)) {
    return named([...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)].join())
  }
  if (tag === 'ArrayBuffer') return named([...new Uint8Array(value as ArrayBuffer)].join())
  return refuse(`an instance of ${proto.constructor?.name || 'a class'}`)
}

function refuse(what: string): never {
  throw new UsageError(
    'ERR_UNCACHEABLE_ARGUMENT',
    `an argument is ${what}, which has no key: give the option \`key\` a function of the arguments`,
    'key',
  )
}
