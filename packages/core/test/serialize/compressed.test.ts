import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  compressed,
  createLarder,
  defaultSerializer,
  encrypted,
  memory,
  type Serializer,
  UncacheableValueError,
} from '../../src/index.js'

const KEY = 'larder:report:1'
const rows = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ id: `p${i}`, name: `Product ${i}`, stock: i }))
const size = (text: string) => new TextEncoder().encode(text).length

/** Where zlib is not to be had, as in browsers and on Workers. */
function withoutZlib() {
  vi.stubGlobal('process', { ...process, getBuiltinModule: undefined })
}
afterEach(() => {
  vi.unstubAllGlobals()
})

async function roundTrip(serializer: Serializer, value: unknown, reader = serializer) {
  return reader.deserialize(await serializer.serialize(value, KEY), KEY)
}

const runtimes: [string, () => void][] = [
  ['with zlib', () => {}],
  ["with the web's streams", withoutZlib],
]

describe.each(runtimes)('%s', (_, arrange) => {
  test.each(['gzip', 'deflate', 'deflate-raw'] as const)('%s gives back what went in, smaller', async (format) => {
    arrange()
    const serializer = compressed({ format })
    for (const value of [rows(50), rows(5_000), { text: 'ä€😀'.repeat(1_000) }, new Map([[1, rows(50)]])]) {
      const text = await serializer.serialize(value, KEY)
      expect(text).toMatch(/^=[gdr][A-Za-z0-9+/]+=*$/)
      expect(text.length).toBeLessThan(size(await defaultSerializer.serialize(value)) / 2)
      expect(await serializer.deserialize(text, KEY)).toStrictEqual(value)
    }
  })

  test('text that was cut short, or is another, is refused', async () => {
    arrange()
    const text = await compressed().serialize(rows(100), KEY)
    for (const bad of [
      text.slice(0, -40),
      '=g',
      '=gAAAA',
      '=?AAAA',
      `=d${text.slice(2)}`,
      '=',
      `=g${text.slice(40)}`,
    ]) {
      await expect((async () => compressed().deserialize(bad, KEY))()).rejects.toThrow()
    }
  })
})

test('what one runtime writes, the others read', async () => {
  const texts: string[] = []
  for (const [, arrange] of runtimes) {
    arrange()
    texts.push(await compressed().serialize(rows(100), KEY))
    vi.unstubAllGlobals()
  }
  for (const [, arrange] of runtimes) {
    arrange()
    for (const text of texts) expect(await compressed().deserialize(text, KEY)).toEqual(rows(100))
    vi.unstubAllGlobals()
  }
})

test('leaves alone what is not larger than `over`, in bytes of UTF-8', async () => {
  const text = 'ä'.repeat(100)
  const bytes = size(await defaultSerializer.serialize(text))
  expect(await compressed({ over: bytes }).serialize(text, KEY)).toBe(`j"${text}"`)
  expect(await compressed({ over: bytes - 1 }).serialize(text, KEY)).toMatch(/^=g/)
  expect(compressed().serialize({ small: true }, KEY)).toBe('j{"small":true}')
  expect(compressed().deserialize('j{"small":true}', KEY)).toEqual({ small: true })
})

test('leaves alone what would not get smaller', async () => {
  const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(3_000))).toString('base64')
  expect(await compressed({ over: 0 }).serialize(noise, KEY)).toBe(`j"${noise}"`)
  expect(await compressed({ over: 0 }).serialize(1, KEY)).toBe('j1')
})

test('reads what was written before it was turned on, and in any format', async () => {
  const value = rows(100)
  expect(await roundTrip(defaultSerializer, value, compressed())).toEqual(value)
  expect(await roundTrip(compressed({ format: 'deflate' }), value, compressed({ format: 'gzip' }))).toEqual(value)
  expect(await roundTrip(compressed(), value, compressed({ over: 1e9 }))).toEqual(value)
})

test('a text of another serializer comes back whatever it begins with', async () => {
  const plain: Serializer = { serialize: (value) => String(value), deserialize: (text) => text }
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('=', '==', '=g', '=gAAAA', '==g').map((mark) => mark.repeat(40)),
      ),
      fc.constantFrom(0, 20, 1_024),
      async (text, over) => {
        const serializer = compressed({ over, serializer: plain })
        expect(await roundTrip(serializer, text)).toBe(text)
        const both = encrypted({ keys: { k: new Uint8Array(16) }, current: 'k', serializer })
        expect(await roundTrip(both, text)).toBe(text)
      },
    ),
    { numRuns: 300 },
  )
})

test('what cannot be read is a miss, and what is not there any more can be turned off', async () => {
  const store = memory()
  const reasons: string[] = []
  const deploy = (serializer?: Serializer) =>
    createLarder({
      adapter: store,
      ...(serializer && { serializer }),
      onEvent: (event) => {
        if (event.type === 'miss') reasons.push(event.reason)
      },
    })
  const load = vi.fn(async () => rows(100))
  const before = deploy(compressed()).cached('1h', 'report', load)
  await before()
  expect(await before()).toEqual(rows(100))
  expect(await deploy().cached('1h', 'report', load)()).toEqual(rows(100))
  expect(await before()).toEqual(rows(100))
  expect(reasons).toEqual(['absent', 'unreadable'])
})

test('options that cannot be are refused', () => {
  const option = (name: string) => expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: name })
  for (const over of [-1, 0.5, Number.NaN, '1kb' as never]) expect(() => compressed({ over })).toThrow(option('over'))
  for (const format of ['brotli', 'constructor'] as never[])
    expect(() => compressed({ format })).toThrow(option('format'))
  expect(() => compressed({ serializer: {} as never })).toThrow(option('serializer'))
  const sealed = encrypted({ keys: { k: new Uint8Array(32) }, current: 'k' })
  expect(() => compressed({ serializer: sealed })).toThrow(/encrypted\(\{ serializer: compressed\(\) \}\)/)
})

test.each(['compressed', 'encrypted'])(
  '%s refuses text that UTF-8 cannot hold, instead of changing it',
  async (name) => {
    const raw: Serializer = { serialize: (value) => String(value), deserialize: (text) => text }
    const serializer =
      name === 'compressed'
        ? compressed({ over: 0, serializer: raw })
        : encrypted({ keys: { k1: new Uint8Array(32) }, current: 'k1', serializer: raw })
    const half = '\ud800'.repeat(100)
    const whole = '😀'.repeat(100)
    await expect((async () => serializer.serialize(half, 'key'))()).rejects.toThrow(UncacheableValueError)
    expect(await serializer.deserialize(await serializer.serialize(whole, 'key'), 'key')).toBe(whole)
  },
)
