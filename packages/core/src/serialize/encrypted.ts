import { invalidOption } from '../errors/usage-error.js'
import { fromBase64, toBase64 } from './base64.js'
import { assertSerializer, ENCRYPTED, readBytes, writeBytes } from './bytes.js'
import { defaultSerializer, type Serializer } from './serializer.js'

/** A key for AES-GCM: 16 or 32 random bytes, or one of WebCrypto's. */
export type EncryptionKey = CryptoKey | Uint8Array | ArrayBuffer

/** What `encrypted` can be told. */
export interface EncryptedOptions {
  /** By id, which lies beside what it encrypted: up to 64 letters, digits, `_` and `-`. All of them can be read with. */
  readonly keys: Readonly<Record<string, EncryptionKey>>
  /** The id of the key to write with. */
  readonly current: string
  /** How results become text in the first place: plain, or `compressed()`. @default plain JSON where that is exact, else superjson */
  readonly serializer?: Serializer
}

/** `=e`, the key's id, a dot, and in base64 the nonce, the encrypted bytes and the tag. */
const MARK = '=e'
/** 96 bits, drawn at random for each value: NIST SP 800-38D, section 8.2.2. */
const NONCE_BYTES = 12
const AES_GCM = 'AES-GCM'

/**
 * A serializer that encrypts by AES-GCM, with 96 random bits for each value (NIST SP 800-38D). A text is tied to its key's
 * id and to its place in the store: altered, or moved to another place, it cannot be read. What cannot be read is a miss
 * (`reason: 'unreadable'`), and never an error of the call: what was not encrypted, too, or whoever can write to the store
 * could put plain values there.
 *
 * To change keys: add the new one to `keys` everywhere, make it `current`, and drop the old one when its entries have
 * ended, or at once, at the price of misses. One key is good for 4 billion values (2^32, section 8.3).
 *
 * What it does not hide: keys and tags, how large a value is, when it was stored. Nor does it keep an old value of the very
 * same place from being put back.
 *
 * @throws UsageError (`ERR_INVALID_OPTION`) for a key of another length, or not for AES-GCM, and where `current` is none
 * of the `keys`
 *
 * @example
 * const serializer = encrypted({ keys: { k1: secretKey }, current: 'k1', serializer: compressed() })
 */
export function encrypted(options: EncryptedOptions): Serializer {
  const { keys, current, serializer = defaultSerializer } = options
  assertSerializer(serializer)
  const ring = new Map(Object.entries(keys ?? {}).map(([id, key]) => [id, checkKey(id, key)]))
  if (!ring.has(current)) throw invalidOption('current', 'must be the id of one of the `keys`')
  assertUsable(ring.get(current) as CryptoKey | Uint8Array<ArrayBuffer>, current, 'encrypt')

  // The key itself is kept, not the promise of it: a promise of one request must not be awaited by another on Workers.
  async function keyOf(id: string): Promise<CryptoKey> {
    const key = ring.get(id)
    if (!key) throw new SyntaxError('encrypted with a key that is not known here')
    if (!ArrayBuffer.isView(key)) return key
    const imported = await crypto.subtle.importKey('raw', key, AES_GCM, false, ['encrypt', 'decrypt'])
    ring.set(id, imported)
    return imported
  }

  const self = {
    [ENCRYPTED]: true,
    async serialize(value: unknown, place: string): Promise<string> {
      const plain = (await writeBytes(serializer, value, place)) as Uint8Array<ArrayBuffer>
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
      const sealed = await crypto.subtle.encrypt(algorithm(nonce, current, place), await keyOf(current), plain)
      const bytes = new Uint8Array(NONCE_BYTES + sealed.byteLength)
      bytes.set(nonce)
      bytes.set(new Uint8Array(sealed), NONCE_BYTES)
      return `${MARK}${current}.${toBase64(bytes)}`
    },
    async deserialize(text: string, place: string): Promise<unknown> {
      const end = text.indexOf('.')
      if (!text.startsWith(MARK) || end < 0) throw new SyntaxError('not encrypted')
      const id = text.slice(MARK.length, end)
      const bytes = fromBase64(text.slice(end + 1))
      const nonce = bytes.subarray(0, NONCE_BYTES)
      const key = await keyOf(id)
      const plain = await crypto.subtle.decrypt(algorithm(nonce, id, place), key, bytes.subarray(NONCE_BYTES))
      return readBytes(serializer, new Uint8Array(plain), place)
    },
  } satisfies Serializer & { [ENCRYPTED]: true }
  return self
}

function algorithm(iv: Uint8Array<ArrayBuffer>, id: string, place: string): AesGcmParams {
  // No id has a line break in it, so no other id and place make the same text.
  return { name: AES_GCM, iv, additionalData: new TextEncoder().encode(`larder ${MARK}${id}\n${place}`) }
}

/** @returns a copy of bytes: what the caller does with its own afterwards changes nothing */
function checkKey(id: string, key: EncryptionKey): CryptoKey | Uint8Array<ArrayBuffer> {
  if (!/^[\w-]{1,64}$/.test(id)) {
    throw invalidOption('keys', `must go by ids of up to 64 letters, digits, _ and -, not ${JSON.stringify(id)}`)
  }
  if (isCryptoKey(key)) {
    assertUsable(key, id, 'decrypt')
    return key
  }
  const isBytes = ArrayBuffer.isView(key) || Object.prototype.toString.call(key) === '[object ArrayBuffer]'
  const bytes = isBytes ? copyOf(key) : undefined
  if (bytes?.length !== 16 && bytes?.length !== 32) {
    throw invalidOption(`keys.${id}`, 'must be 16 or 32 bytes, or a CryptoKey. Decode it first where it is text')
  }
  return bytes
}

function assertUsable(key: CryptoKey | Uint8Array, id: string, usage: 'encrypt' | 'decrypt'): void {
  if (isCryptoKey(key) && !(key.algorithm.name === AES_GCM && key.usages.includes(usage))) {
    throw invalidOption(`keys.${id}`, `must be for AES-GCM, and its usages must include '${usage}'`)
  }
}

function isCryptoKey(key: unknown): key is CryptoKey {
  return Object.prototype.toString.call(key) === '[object CryptoKey]'
}

function copyOf(key: Uint8Array | ArrayBuffer): Uint8Array<ArrayBuffer> {
  return ArrayBuffer.isView(key)
    ? Uint8Array.from(new Uint8Array(key.buffer, key.byteOffset, key.byteLength))
    : new Uint8Array(key.slice(0))
}
