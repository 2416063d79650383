import { invalidOption } from '../errors/usage-error.js'
import { fromBase64, toBase64 } from './base64.js'
import { assertSerializer, BYTES, type ByteSerializer, ENCRYPTED, fromBytes, toBytes } from './bytes.js'
import { type CompressionFormat, compress, decompress } from './deflate.js'
import { defaultSerializer, type Serializer } from './serializer.js'

/** From how many bytes on a value is compressed. Below, there is little to win. */
export const DEFAULT_OVER_BYTES = 1_024

/** What `compressed` can be told. */
export interface CompressedOptions {
  /** Texts of more bytes than this, in UTF-8, are compressed. An integer of 0 or more. @default 1_024 */
  readonly over?: number
  /** Any of these can be read, whichever is written. @default 'gzip' */
  readonly format?: CompressionFormat
  /** How results become text in the first place. @default plain JSON where that is exact, else superjson */
  readonly serializer?: Serializer
}

/**
 * What is compressed begins with `=` and its format's letter. Nothing else that is written here does: a text of another
 * serializer that begins with `=` gets a second one.
 */
const MARK = '='
const MARK_BYTE = 0x3d
const LETTERS: Record<CompressionFormat, string> = { gzip: 'g', deflate: 'd', 'deflate-raw': 'r' }

/**
 * A serializer that compresses what is large, by the `CompressionStream` of the web or the zlib of Node. What does not get
 * smaller by it is written as it is, and so is what is small: on the way of those nothing becomes asynchronous.
 *
 * What was written without it can be read with it, so it can be turned on at any time. Without it, what it compressed is
 * a miss. In the store the bytes are base64, which is a third more.
 *
 * @throws UsageError (`ERR_INVALID_OPTION`) when an option is out of range, and around `encrypted`, whose output does not
 * compress
 *
 * @example
 * configure({ serializer: compressed({ over: 2_000 }) })
 */
export function compressed(options: CompressedOptions = {}): Serializer {
  const { over = DEFAULT_OVER_BYTES, format = 'gzip', serializer = defaultSerializer } = options
  if (!(Number.isSafeInteger(over) && over >= 0)) throw invalidOption('over', `must be a number of bytes, not ${over}`)
  const letter = Object.hasOwn(LETTERS, format) ? LETTERS[format] : undefined
  if (!letter) throw invalidOption('format', `must be one of ${Object.keys(LETTERS).join(', ')}`)
  assertSerializer(serializer)
  if (ENCRYPTED in serializer) {
    throw invalidOption(
      'serializer',
      'is encrypted, which does not compress: use encrypted({ serializer: compressed() })',
    )
  }

  const marked = (text: string) => (text[0] === MARK ? MARK + text : text)

  /** @returns what is compressed; nothing where the text is short */
  function shrink(text: string): { bytes: Uint8Array; small: Uint8Array | Promise<Uint8Array> } | undefined {
    // No character takes more than three bytes.
    if (text.length * 3 <= over) return undefined
    const bytes = toBytes(text)
    return bytes.length > over ? { bytes, small: compress(bytes, format) } : undefined
  }

  function toText(text: string): string | Promise<string> {
    const shrunk = shrink(text)
    if (!shrunk) return marked(text)
    return after(shrunk.small, (small) => {
      const packed = MARK + letter + toBase64(small)
      return packed.length < shrunk.bytes.length ? packed : marked(text)
    })
  }

  const self: ByteSerializer = {
    serialize: (value, key) => after(serializer.serialize(value, key), toText),
    deserialize(text, key) {
      const [first, second = ''] = text
      if (first !== MARK) return serializer.deserialize(text, key)
      if (second === MARK) return serializer.deserialize(text.slice(1), key)
      const packed = fromBase64(text.slice(2))
      return after(decompress(packed, formatOf(second)), (bytes) => serializer.deserialize(fromBytes(bytes), key))
    },
    [BYTES]: {
      async write(value, key) {
        const text = await serializer.serialize(value, key)
        const shrunk = shrink(text)
        const small = await shrunk?.small
        if (!shrunk || !small || small.length >= shrunk.bytes.length) return toBytes(marked(text))
        const packed = new Uint8Array(small.length + 2)
        packed.set([MARK_BYTE, letter.charCodeAt(0)])
        packed.set(small, 2)
        return packed
      },
      async read(bytes, key) {
        if (bytes[0] !== MARK_BYTE) return serializer.deserialize(fromBytes(bytes), key)
        if (bytes[1] === MARK_BYTE) return serializer.deserialize(fromBytes(bytes.subarray(1)), key)
        const plain = await decompress(bytes.slice(2), formatOf(String.fromCharCode(bytes[1] as number)))
        return serializer.deserialize(fromBytes(plain), key)
      },
    },
  }
  return self
}

function formatOf(letter: string): CompressionFormat {
  for (const [format, own] of Object.entries(LETTERS)) if (own === letter) return format as CompressionFormat
  throw new SyntaxError('not compressed in a known format')
}

function after<Value, Result>(value: Value | Promise<Value>, next: (value: Value) => Result | Promise<Result>) {
  return value instanceof Promise ? value.then(next) : next(value)
}
