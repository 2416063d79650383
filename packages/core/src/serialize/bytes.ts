import { UncacheableValueError } from '../errors/uncacheable-value-error.js'
import { invalidOption } from '../errors/usage-error.js'
import type { Serializer } from './serializer.js'

/**
 * A serializer that can give bytes instead of text. One around it takes those: base64 within base64 would come to 1.8
 * times their size.
 */
export interface ByteSerializer extends Serializer {
  readonly [BYTES]: {
    write(value: unknown, key: string): Uint8Array | Promise<Uint8Array>
    read(bytes: Uint8Array, key: string): unknown
  }
}
export const BYTES = Symbol('bytes')

/** What a serializer has whose output looks random. */
export const ENCRYPTED = Symbol('encrypted')

/** The bytes that a serializer makes, or those of its text. */
export async function writeBytes(serializer: Serializer, value: unknown, key: string): Promise<Uint8Array> {
  const { [BYTES]: bytes } = serializer as Partial<ByteSerializer>
  return bytes ? bytes.write(value, key) : toBytes(await serializer.serialize(value, key))
}

export function readBytes(serializer: Serializer, bytes: Uint8Array, key: string): unknown {
  const { [BYTES]: own } = serializer as Partial<ByteSerializer>
  return own ? own.read(bytes, key) : serializer.deserialize(fromBytes(bytes), key)
}

/**
 * In UTF-8.
 * @throws UncacheableValueError for half a surrogate pair, which UTF-8 replaces by another character
 */
export function toBytes(text: string): Uint8Array<ArrayBuffer> {
  if (/\p{Surrogate}/u.test(text)) throw new UncacheableValueError('$', 'text with half a surrogate pair')
  return new TextEncoder().encode(text)
}

/** @throws TypeError for what is no UTF-8 */
export function fromBytes(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}

/** @throws UsageError (`ERR_INVALID_OPTION`) unless `serializer` has both halves. */
export function assertSerializer(serializer: Serializer): void {
  const { serialize, deserialize } = Object(serializer) as Partial<Serializer>
  if (typeof serialize !== 'function' || typeof deserialize !== 'function') {
    throw invalidOption('serializer', 'must have `serialize` and `deserialize`')
  }
}
