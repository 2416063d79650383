import { describe, expect, test, vi } from 'vitest'
import { compressed, createLarder, defaultSerializer, encrypted, memory, type Serializer } from '../../src/index.js'

const PLACE = 'larder:user:1'
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const secret = { name: 'Ada', card: '4000 0000 0000 0002', since: new Date(5) }
const rows = Array.from({ length: 200 }, (_, i) => ({ id: `p${i}`, name: `Product ${i}`, stock: i }))

const refused = (serializer: Serializer, text: string, place = PLACE) =>
  expect((async () => serializer.deserialize(text, place))()).rejects.toThrow()

describe('what is encrypted', () => {
  test.each([16, 32])('comes back with its %i bytes, and shows nothing of itself', async (length) => {
    const serializer = encrypted({ keys: { k1: random(length) }, current: 'k1' })
    const text = await serializer.serialize(secret, PLACE)
    expect(text).toMatch(/^=ek1\.[A-Za-z0-9+/]+=*$/)
    expect(atob(text.slice(5))).not.toContain('Ada')
    expect(await serializer.deserialize(text, PLACE)).toStrictEqual(secret)
  })

  test('comes back with a key of WebCrypto, whichever form wrote it', async () => {
    const bytes = random(32)
    const key = await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
    const [asKey, asBytes, asBuffer] = [key, bytes, bytes.buffer].map((key) =>
      encrypted({ keys: { key }, current: 'key' }),
    )
    const text = await (asKey as Serializer).serialize(secret, PLACE)
    for (const serializer of [asKey, asBytes, asBuffer] as Serializer[]) {
      expect(await serializer.deserialize(text, PLACE)).toStrictEqual(secret)
    }
  })

  test('is another text each time', async () => {
    const serializer = encrypted({ keys: { k1: random(16) }, current: 'k1' })
    const texts = await Promise.all(Array.from({ length: 100 }, () => serializer.serialize(1, PLACE)))
    expect(new Set(texts.map((text) => text.slice(5, 21))).size).toBe(100)
  })

  test('cannot be read when a single character is altered, cut or added', async () => {
    const serializer = encrypted({ keys: { k1: random(16), k2: random(16) }, current: 'k1' })
    const text = await serializer.serialize({ admin: false }, PLACE)
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === 'A' ? 'B' : 'A'
      // The last character before the padding has bits that say nothing.
      if (text[at + 1] === '=' || text[at] === '=') continue
      await refused(serializer, text.slice(0, at) + other + text.slice(at + 1))
    }
    for (const cut of [
      '',
      '=',
      '=e',
      '=ek1',
      '=ek1.',
      text.slice(0, 30),
      text.slice(0, -8),
      `${text.slice(0, -4)}AAAA`,
    ]) {
      await refused(serializer, cut)
    }
  })

  test('cannot be read at another place, nor under the id of another key', async () => {
    const key = random(16)
    const serializer = encrypted({ keys: { k1: key, k2: key }, current: 'k1' })
    const text = await serializer.serialize(secret, 'larder:user:1')
    await refused(serializer, text, 'larder:user:2')
    await refused(serializer, text.replace('=ek1.', '=ek2.'), 'larder:user:1')
  })

  test('cannot be read without its key, whatever the id, and what is plain cannot be read at all', async () => {
    const text = await encrypted({ keys: { k1: random(16) }, current: 'k1' }).serialize(secret, PLACE)
    await refused(encrypted({ keys: { k1: random(16) }, current: 'k1' }), text)
    const other = encrypted({ keys: { k2: random(16) }, current: 'k2' })
    await refused(other, text)
    await refused(other, text.replace('=ek1.', '=econstructor.'))
    await refused(other, await defaultSerializer.serialize({ admin: true }))
  })
})

test('keys are changed without a miss: add the new one, write with it, drop the old one', async () => {
  const [k1, k2] = [random(32), random(32)]
  const deployments = [
    encrypted({ keys: { k1 }, current: 'k1' }),
    encrypted({ keys: { k1, k2 }, current: 'k1' }),
    encrypted({ keys: { k1, k2 }, current: 'k2' }),
    encrypted({ keys: { k2 }, current: 'k2' }),
  ] as const
  for (let i = 0; i + 1 < deployments.length; i++) {
    // While one is rolled out, both run.
    const both = deployments.slice(i, i + 2)
    const texts = await Promise.all(both.map((serializer) => serializer.serialize(secret, PLACE)))
    for (const reader of both) {
      for (const text of texts) expect(await reader.deserialize(text, PLACE)).toStrictEqual(secret)
    }
  }
  await refused(deployments[3], await deployments[0].serialize(secret, PLACE))
})

test('bytes that are wiped or changed after construction do not matter', async () => {
  const key = random(32)
  const serializer = encrypted({ keys: { key }, current: 'key' })
  const same = encrypted({ keys: { key }, current: 'key' })
  key.fill(0)
  expect(await same.deserialize(await serializer.serialize(1, PLACE), PLACE)).toBe(1)
  await refused(encrypted({ keys: { key }, current: 'key' }), await serializer.serialize(1, PLACE))
})

test('compressed inside, it is small: the bytes are not base64 twice', async () => {
  const key = random(32)
  const plain = encrypted({ keys: { key }, current: 'key' })
  const small = encrypted({ keys: { key }, current: 'key', serializer: compressed() })
  const compressedOnly = await compressed().serialize(rows, PLACE)
  const text = await small.serialize(rows, PLACE)
  expect(text.length).toBeLessThan(compressedOnly.length * 1.05)
  expect(await small.deserialize(text, PLACE)).toEqual(rows)
  expect(await small.deserialize(await plain.serialize(rows, PLACE), PLACE)).toEqual(rows)
  expect(await small.deserialize(await small.serialize(1, PLACE), PLACE)).toBe(1)
})

test('in the cache, what was altered, moved or left from before is a miss, and never an error', async () => {
  const store = memory()
  const reasons: string[] = []
  const listen = {
    onEvent: (event: { type: string; reason?: unknown }) => {
      if (event.type === 'miss') reasons.push(String(event.reason))
    },
  }
  const load = vi.fn(async (id: string) => ({ id }))
  const plain = createLarder({ adapter: store, ...listen }).cached('1h', 'user', load)
  await plain('a')
  const larder = createLarder({
    adapter: store,
    serializer: encrypted({ keys: { k1: random(32) }, current: 'k1' }),
    ...listen,
  })
  const user = larder.cached('1h', 'user', load)
  expect(await user('a')).toEqual({ id: 'a' })
  expect(await user('a')).toEqual({ id: 'a' })
  expect(await user.peek('a')).toEqual({ id: 'a' })
  await user('b')
  // One user's entry put in the place of another's.
  const [stolen] = await store.getMany([user.keyOf('b')])
  await store.set(user.keyOf('a'), stolen as string)
  expect(await user('a')).toEqual({ id: 'a' })
  expect(reasons).toEqual(['absent', 'unreadable', 'absent', 'unreadable'])
  expect(await plain('b')).toEqual({ id: 'b' })

  await larder.cache.set('greeting', 'hello', { ttl: '1h' })
  expect(await larder.cache.get('greeting')).toBe('hello')
  const users = larder.cachedMany(
    { ttl: '1h', prefix: 'users' },
    async (ids: string[]) => new Map(ids.map((id) => [id, id])),
  )
  await users(['a', 'none'])
  expect(await users.peek(['a'])).toEqual(new Map([['a', 'a']]))
  const stale = larder.cached({ ttl: '1h', prefix: 'stale', staleWhileRevalidate: '1h' }, load)
  await stale('x')
  expect(await stale('x')).toEqual({ id: 'x' })
  expect(load.mock.calls.filter(([id]) => id === 'x')).toHaveLength(1)
})

describe('refuses', () => {
  const option = (name: string) => expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: name })
  const make = (options: object) => () => encrypted({ keys: { k1: random(16) }, current: 'k1', ...options })

  test.each([0, 8, 15, 17, 24, 31, 33, 64])('a key of %i bytes', (length) => {
    expect(make({ keys: { k1: random(length) } })).toThrow(option('keys.k1'))
  })

  test('what is no key, and never shows it', () => {
    for (const key of ['0123456789abcdef', undefined, null, 5, {}, [1, 2]]) {
      expect(make({ keys: { k1: key } })).toThrow(option('keys.k1'))
    }
    expect(make({ keys: { k1: 'swordfish-swordf' } })).not.toThrow(/swordfish/)
  })

  test('a current id that is none of the keys, ids that cannot be written, no keys', () => {
    expect(make({ current: 'k2' })).toThrow(option('current'))
    expect(make({ keys: {} })).toThrow(option('current'))
    expect(make({ keys: undefined })).toThrow(option('current'))
    for (const id of ['', 'a.b', 'a b', 'ä', 'x'.repeat(65)]) {
      expect(make({ keys: { [id]: random(16) }, current: id })).toThrow(option('keys'))
    }
    expect(make({ serializer: {} })).toThrow(option('serializer'))
  })

  test('a key of WebCrypto for something else', async () => {
    const forHmac = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    expect(make({ keys: { k1: forHmac } })).toThrow(option('keys.k1'))
    const readOnly = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['decrypt'])
    expect(make({ keys: { k1: readOnly } })).toThrow(option('keys.k1'))
    expect(make({ keys: { k1: random(16), old: readOnly } })).not.toThrow()
  })
})
