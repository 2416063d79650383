import { deepStrictEqual } from 'node:assert/strict'
import { defaultSerializer } from '@larder/core'
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

const ours = {
  floor: { write: (from) => JSON.stringify(from), read: (text) => JSON.parse(text) },
  larder: {
    write: (from) => defaultSerializer.serialize(from),
    read: (text) => defaultSerializer.deserialize(text),
  },
}

/**
 * @param {string} name a serializer
 * @param {'write' | 'read'} half
 */
export default async function serializeRow(name, half) {
  const { write, read } = ours[name] ?? (await loadPeers('serializers')).find((peer) => peer.name === name)
  const text = write(value)
  return {
    sync: true,
    call: half === 'write' ? () => write(value) : () => read(text),
    check: () => deepStrictEqual(read(write(value)), value),
    facts: { bytes: Buffer.byteLength(text) },
  }
}
