/**
 * SHA-256 (FIPS 180-4), written out because WebCrypto's is asynchronous and a key must be known at once to join a load
 * already in flight. The constants are the fractional parts of the roots of the first primes, so they are computed, once.
 */
const H: number[] = []
const K: number[] = []

function computeConstants(): void {
  const fraction = (root: number) => ((root % 1) * 2 ** 32) | 0
  for (let candidate = 2; K.length < 64; candidate++) {
    let divisor = 2
    while (candidate % divisor) divisor++
    if (divisor < candidate) continue
    if (H.length < 8) H.push(fraction(Math.sqrt(candidate)))
    K.push(fraction(Math.cbrt(candidate)))
  }
}

/** The first 160 bits of the SHA-256 of `text` in UTF-8, as 40 hexadecimal digits. */
export function sha256(text: string): string {
  computeConstants()
  const bytes = new TextEncoder().encode(text)
  const padded = new Uint8Array(((bytes.length + 72) >> 6) << 6)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n)

  let state = H
  for (let offset = 0; offset < padded.length; offset += 64) {
    const w: number[] = []
    let words = state
    for (let i = 0; i < 64; i++) {
      if (i < 16) w.push(view.getInt32(offset + i * 4))
      else {
        const [far, near] = [w[i - 15], w[i - 2]] as [number, number]
        const s0 = rotate(far, 7) ^ rotate(far, 18) ^ (far >>> 3)
        const s1 = rotate(near, 17) ^ rotate(near, 19) ^ (near >>> 10)
        w.push(((w[i - 16] as number) + s0 + (w[i - 7] as number) + s1) | 0)
      }
      const [a, b, c, d, e, f, g, h] = words as [number, number, number, number, number, number, number, number]
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      const t1 = h + s1 + ((e & f) ^ (~e & g)) + (K[i] as number) + (w[i] as number)
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
      const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c))
      words = [(t1 + t2) | 0, a, b, c, (d + t1) | 0, e, f, g]
    }
    state = state.map((word, i) => (word + (words[i] as number)) | 0)
  }
  return state
    .slice(0, 5)
    .map((word) => (word >>> 0).toString(16).padStart(8, '0'))
    .join('')
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by))
}
