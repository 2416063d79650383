/** How many bytes go into one call of `String.fromCharCode`, whose arguments lie on the stack. */
const CHUNK = 8_192

interface NodeBuffer {
  from(buffer: ArrayBufferLike, offset: number, length: number): { toString(encoding: 'base64'): string }
  from(text: string, encoding: 'base64'): Uint8Array<ArrayBuffer>
}
interface WithBase64 {
  toBase64?(): string
}

/**
 * Bytes as base64 (RFC 4648, section 4), by the quickest way that the runtime has: ECMAScript 2026's, then Node's, which
 * takes a fortieth of the time of `btoa`.
 */
export function toBase64(bytes: Uint8Array): string {
  const native = bytes as WithBase64
  if (native.toBase64) return native.toBase64()
  const { Buffer } = globalThis as { Buffer?: NodeBuffer }
  if (Buffer) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  let binary = ''
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK))
  return btoa(binary)
}

/** What is no base64 throws, or gives bytes that are not those of anything. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const native = Uint8Array as { fromBase64?(text: string): Uint8Array<ArrayBuffer> }
  if (native.fromBase64) return native.fromBase64(text)
  const { Buffer } = globalThis as { Buffer?: NodeBuffer }
  if (Buffer) return Buffer.from(text, 'base64')
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}
