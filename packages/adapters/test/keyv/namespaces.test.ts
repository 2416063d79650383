import { createLarder, memory } from '@larder/core'
import Keyv from 'keyv'
import { expect, test } from 'vitest'
import { toKeyv } from '../../src/keyv/index.js'

const SHARED = '`store` is shared by Keyvs of different namespaces'

test('two namespaces in one adapter do not meet, and are cleared apart', async () => {
  const adapter = memory()
  const [shop, blog] = ['shop', 'blog'].map((namespace) => new Keyv({ store: toKeyv(adapter), namespace })) as [
    Keyv,
    Keyv,
  ]
  await shop.set('a', 'tea')
  await blog.set('a', 'post')
  expect(await adapter.getMany(['shop:a', 'blog:a'])).toEqual(['{"value":"tea"}', '{"value":"post"}'])
  await shop.clear()
  expect([await shop.get('a'), await blog.get('a')]).toEqual([undefined, 'post'])
})

test('two namespaces in one store do not meet, and are not cleared, because Keyv does not say whose to', async () => {
  const store = toKeyv(memory())
  const [shop, blog] = ['shop', 'blog'].map((namespace) => new Keyv({ store, namespace, throwOnErrors: true })) as [
    Keyv,
    Keyv,
  ]
  await shop.set('a', 'tea')
  await blog.set('a', 'post')
  await expect(shop.clear()).rejects.toThrow(SHARED)
  await expect(blog.clear()).rejects.toThrow(SHARED)
  // Of the two, the store now knows of one only, and still not of whom.
  shop.namespace = 'blog'
  shop.namespace = 'shop'
  await expect(blog.clear()).rejects.toThrow(SHARED)
  expect([await shop.get('a'), await blog.get('a')]).toEqual(['tea', 'post'])
})

test('Keyvs of one namespace share a store, and clear it', async () => {
  const store = toKeyv(memory())
  const [one, other] = [new Keyv({ store }), new Keyv({ store })]
  await one.set('a', 1)
  expect(await other.get('a')).toBe(1)
  await one.clear()
  expect(await other.get('a')).toBeUndefined()
})

test('a Keyv whose namespace changes clears the new one', async () => {
  const store = toKeyv(memory())
  const keyv = new Keyv({ store, throwOnErrors: true })
  await keyv.set('a', 'first')
  keyv.namespace = 'second'
  await keyv.set('a', 'second')
  await keyv.clear()
  expect(await keyv.get('a')).toBeUndefined()
  keyv.namespace = 'keyv'
  expect(await keyv.get('a')).toBe('first')
})

test('a namespace is text, whatever it means in a glob', async () => {
  const adapter = memory()
  for (const namespace of ['*', 'a*', '[ab]', 'a?', '\\', 'ab']) {
    const keyv = new Keyv({ store: toKeyv(adapter), namespace, throwOnErrors: true })
    await keyv.set('mine', 1)
    await adapter.set('abc:theirs', '1')
    await adapter.set('a:theirs', '1')
    await keyv.clear()
    expect(await keyv.get('mine')).toBeUndefined()
    expect(await adapter.getMany(['abc:theirs', 'a:theirs'])).toEqual(['1', '1'])
  }
})

test('without a namespace nothing is cleared, because it would be all that is in the store', async () => {
  const adapter = memory()
  const keyv = new Keyv({ store: toKeyv(adapter), namespace: '', throwOnErrors: true })
  await keyv.set('mine', 1)
  await adapter.set('theirs', '1')
  await expect(keyv.clear()).rejects.toThrow('`namespace` of Keyv must be set to clear it')
  expect(await adapter.getMany(['mine', 'theirs'])).toEqual(['{"value":1}', '1'])
})

test('a toolkit in the same store keeps its entries', async () => {
  const adapter = memory()
  const { cache } = createLarder({ adapter, namespace: 'shop' })
  await cache.set('a', 'larder', { ttl: '1m' })
  const keyv = new Keyv({ store: toKeyv(adapter) })
  await keyv.set('a', 'keyv')
  await keyv.clear()
  expect(await cache.get('a')).toBe('larder')
})
