import { deepStrictEqual } from 'node:assert/strict'
import { compressed, defaultSerializer, encrypted } from '@larder/core'
import { loadPeers } from './peers.mjs'

const value = Array.from({ length: 100 }, (_, i) => ({
  id: `product-${i}`,
  name: `Product number ${i}`,
  price: i * 100 + 0.99,
  currency: 'EUR',
  inStock: i % 3 > 0,
  shop: { id: i % 7, city: 'Zürich' },
  tags: ['books', `shelf-${i % 10}`],
  changed: '2025-01-31T09:30:00.000Z',
}))

const key = 'shop:products:1'
const halves = (serializer, rest) => ({
  write: (from) => serializer.serialize(from, key),
  read: (text) => serializer.deserialize(text, key),
  ...rest,
})
const sealed = { keys: { k1: crypto.getRandomValues(new Uint8Array(32)) }, current: 'k1' }

const ours = {
  floor: { write: (from) => JSON.stringify(from), read: (text) => JSON.parse(text) },
  larder: halves(defaultSerializer),
  compressed: halves(compressed()),
  encrypted: halves(encrypted(sealed), { sync: false }),
  both: halves(encrypted({ ...sealed, serializer: compressed() }), { sync: false }),
}

/**
 * @param {string} name a serializer
 * @param {'write' | 'read'} half
 */
export default async function serializeRow(name, half) {
  const { write, read, sync = true } = ours[name] ?? (await loadPeers('serializers')).find((peer) => peer.name === name)
  const text = await write(value)
  return {
    sync,
    call: half === 'write' ? () => write(value) : () => read(text),
    check: async () => deepStrictEqual(await read(await write(value)), value),
    facts: { bytes: Buffer.byteLength(text) },
  }
}
