/**
 * SHA-256 (FIPS 180-4), written out because WebCrypto's is asynchronous and a key must be known at once to join a load
 * already in flight. The constants are the fractional parts of the roots of the first primes, so they are computed, once.
 */
const K = new Uint32Array(64)
const H = new Uint32Array(8)

function computeConstants(): void {
  const fraction = (x: number) => (x - Math.floor(x)) * 2 ** 32
  for (let candidate = 2, found = 0; found < 64; candidate++) {
    let prime = true
    for (let d = 2; d * d <= candidate; d++) if (candidate % d === 0) prime = false
    if (!prime) continue
    if (found < 8) H[found] = fraction(Math.sqrt(candidate))
    K[found++] = fraction(Math.cbrt(candidate))
  }
}

/** The first 160 bits of the SHA-256 of `text` in UTF-8, as 40 hexadecimal digits. */
export function sha256(text: string): string {
  if (K[0] === 0) computeConstants()
  const bytes = new TextEncoder().encode(text)
  const padded = new Uint8Array(((bytes.length + 72) >> 6) << 6)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29))
  view.setUint32(padded.length - 4, bytes.length << 3)

  const w = new Uint32Array(64)
  const state = H.slice()
  for (let offset = 0; offset < padded.length; offset += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getUint32(offset + i * 4)
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15] as number
      const b = w[i - 2] as number
      const s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)
      const s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10)
      w[i] = (w[i - 16] as number) + s0 + (w[i - 7] as number) + s1
    }
    let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number]
    for (let i = 0; i < 64; i++) {
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (K[i] as number) + (w[i] as number)) | 0
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g
      g = f
      f = e
      e = (d + t1) | 0
      d = c
      c = b
      b = a
      a = (t1 + t2) | 0
    }
    ;[a, b, c, d, e, f, g, h].forEach((word, i) => {
      state[i] = (state[i] as number) + word
    })
  }
  return [...state.subarray(0, 5)].map((word) => word.toString(16).padStart(8, '0')).join('')
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by))
}
