import { afterEach, describe, expect, test, vi } from 'vitest'
import { fromBase64, toBase64 } from '../../src/serialize/base64.js'

afterEach(() => {
  vi.unstubAllGlobals()
})

const samples = [0, 1, 2, 3, 4, 255, 8_191, 8_192, 8_193, 50_000].map((length) =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + length) % 256),
)

describe.each([
  ['Node', () => {}],
  ['a browser', () => vi.stubGlobal('Buffer', undefined)],
])('in %s', (_, arrange) => {
  test('bytes come back, of any length', () => {
    arrange()
    for (const bytes of samples) expect([...fromBase64(toBase64(bytes))]).toEqual([...bytes])
  })

  test('a part of a buffer is that part', () => {
    arrange()
    expect(toBase64(new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 4))).toBe('AgME')
  })
})

test('both write the same', () => {
  const byNode = samples.map(toBase64)
  vi.stubGlobal('Buffer', undefined)
  expect(samples.map(toBase64)).toEqual(byNode)
})
