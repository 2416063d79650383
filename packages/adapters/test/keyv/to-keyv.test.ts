import { type Adapter, memory, UsageError } from '@larder/core'
import { counting, expectCommands } from '@larder/core/testing'
import Keyv, { type KeyvStoreAdapter } from 'keyv'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { type KeyvStore, toKeyv } from '../../src/keyv/index.js'
import { awkward, passesTheSuiteOfKeyv } from './suite.js'

describe('over the embedded adapter', () => {
  const adapter = memory()
  passesTheSuiteOfKeyv(() => adapter)
})

test('is what Keyv types as a store', () => {
  expectTypeOf<KeyvStore>().toExtend<KeyvStoreAdapter>()
  const store: KeyvStoreAdapter = toKeyv(memory())
  expect(new Keyv(store).opts.store).toBe(store)
})

describe('values', () => {
  test('come back from Keyv as they were, whatever the text', async () => {
    const keyv = new Keyv({ store: toKeyv(memory()) })
    for (const text of awkward) await keyv.set(text, text)
    expect(await keyv.getMany(awkward)).toEqual(awkward)
    for (const text of awkward) expect(await keyv.get(text)).toBe(text)
  })

  test('are stored character for character', async () => {
    const adapter = memory()
    const store = toKeyv(adapter)
    for (const text of awkward) {
      expect(await store.set('key', text)).toBe(true)
      expect(await store.get('key')).toBe(text)
      expect(await adapter.getMany(['key'])).toEqual([text])
    }
  })

  test('that are not text are refused, with the way out', async () => {
    const store = toKeyv(memory())
    for (const value of [{ value: 1 }, 1, null, undefined, new Uint8Array([1])]) {
      await expect(store.set('key', value)).rejects.toThrow(
        '`serialize` of Keyv must give a string, which is what this store keeps: leave it and `deserialize` out, or give both',
      )
    }
    const keyv = new Keyv({ store, serialize: undefined, deserialize: undefined, throwOnErrors: true } as object)
    await expect(keyv.set('key', 1)).rejects.toThrow(UsageError)
    expect(await keyv.get('key')).toBeUndefined()
  })
})

describe('a ttl', () => {
  let nowMs = 0
  const adapter = memory({ now: () => nowMs })
  const store = toKeyv(adapter)

  test.each([
    [20, 20],
    [0.2, 1],
    [20.5, 21],
  ])('of %d ms ends after %d', async (ttl, endsAfterMs) => {
    await store.set('key', 'text', ttl)
    nowMs += endsAfterMs - 1
    expect(await store.get('key')).toBe('text')
    nowMs += 1
    expect(await store.get('key')).toBeUndefined()
  })

  test.each([undefined, 0, Number.POSITIVE_INFINITY])('of %s is for ever', async (ttl) => {
    await store.set('key', 'text', ttl)
    nowMs += 1e12
    expect(await store.get('key')).toBe('text')
  })

  test.each([-1, -0.5, Number.NaN, Number.NEGATIVE_INFINITY, 1e300])('of %s is refused', async (ttl) => {
    await store.set('refused', 'before')
    await expect(store.set('refused', 'text', ttl)).rejects.toThrow('`ttl` must be milliseconds, 0 or more')
    expect(await store.get('refused')).toBe('before')
  })

  test("of Keyv's own is kept by the store", async () => {
    const keyv = new Keyv({ store, ttl: 100 })
    await keyv.set('key', 1)
    await keyv.set('longer', 1, 200)
    await keyv.set('ever', 1, 0)
    nowMs += 100
    expect(await adapter.getMany(['keyv:key', 'keyv:longer'])).toEqual([null, expect.any(String)])
    nowMs += 1e12
    expect(await adapter.getMany(['keyv:longer', 'keyv:ever'])).toEqual([null, expect.any(String)])
  })
})

test('deleteMany and delete tell whether anything was there', async () => {
  const store = toKeyv(memory())
  await store.set('a', '1')
  await store.set('b', '1')
  expect(await store.deleteMany(['a', 'missing'])).toBe(true)
  expect(await store.deleteMany(['a', 'missing'])).toBe(false)
  expect(await store.delete('b')).toBe(true)
  expect(await store.delete('b')).toBe(false)
})

test('many keys are one command, but where the adapter has none for it', async () => {
  const adapter = counting(memory())
  const keyv = new Keyv({ store: toKeyv(adapter) })
  const entries = ['a', 'b', 'c'].map((key) => ({ key, value: key }))
  expect(await expectCommands(adapter, { set: 3 }, () => keyv.setMany(entries))).toEqual([true, true, true])
  expect(await expectCommands(adapter, { getMany: 1 }, () => keyv.getMany(['a', 'x', 'c']))).toEqual([
    'a',
    undefined,
    'c',
  ])
  expect(await expectCommands(adapter, { getMany: 1 }, () => keyv.hasMany(['a', 'x']))).toEqual([true, false])
  expect(await expectCommands(adapter, { delete: 1 }, () => keyv.delete(['a', 'b']))).toBe(true)
  expect(await expectCommands(adapter, { getMany: 1 }, () => keyv.has('c'))).toBe(true)
  await expectCommands(adapter, { ping: 1, deleteMatching: 1 }, () => keyv.clear())
  expect(await keyv.get('c')).toBeUndefined()
})

test('disconnect closes the adapter, once and for all', async () => {
  const keyv = new Keyv({ store: toKeyv(memory()), throwOnErrors: true })
  await keyv.disconnect()
  await keyv.disconnect()
  await expect(keyv.get('key')).rejects.toThrow(
    expect.objectContaining({ code: 'ERR_STORE', cause: expect.objectContaining({ code: 'ERR_CLOSED' }) }),
  )
})

test('there is no iterator, and Keyv has none then', () => {
  const store = toKeyv(memory())
  expect('iterator' in store).toBe(false)
  expect(new Keyv({ store }).iterator).toBeUndefined()
})

test('says what is wrong with its arguments', () => {
  expect(() => toKeyv('redis://localhost:6379' as never)).toThrow(
    '`adapter` must be an adapter of Larder, such as tcp(), http() or memory()',
  )
  expect(() => toKeyv(undefined as unknown as Adapter)).toThrow(UsageError)
  expect(() => toKeyv(memory(), { budget: 0 })).toThrow('`budget` must be more than 0')
  expect(() => toKeyv(memory(), { budget: '1 s' as never })).toThrow('`budget`')
})
