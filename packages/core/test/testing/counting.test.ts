import { expect, test } from 'vitest'
import { createLarder, memory } from '../../src/index.js'
import { counting, expectCommands, failing } from '../../src/testing/index.js'

test('counts each call as one command, whatever the number of its keys', async () => {
  const store = counting(memory())
  await store.set('a', 'A')
  await store.set('b', 'B')
  await store.getMany(['a', 'b', 'c'])
  await store.delete(['a', 'b'])
  expect(store.commands).toEqual({ set: 2, getMany: 1, delete: 1 })
})

test('counts commands that fail', async () => {
  const store = counting(failing(memory()))
  await expect(store.ping()).rejects.toThrow()
  expect(store.commands).toEqual({ ping: 1 })
})

test('does not count what sends no command', async () => {
  const store = counting(memory())
  await store.client()
  await store.close()
  expect(store.commands).toEqual({})
})

test('counts as a store elsewhere, so that reads of one tick fold', async () => {
  const store = counting(memory())
  const { cached } = createLarder({ adapter: store })
  const find = cached('5m', 'find', async (id: number) => ({ id }))
  // The first call of a method also leaves its stamps.
  await find(-1)
  const findAll = () => Promise.all(Array.from({ length: 20 }, (_, id) => find(id)))
  await expectCommands(store, { getMany: 1, set: 20 }, findAll)
  await expectCommands(store, 1, findAll)
})

test('expectCommands gives back what the function resolved to', async () => {
  const store = counting(memory())
  await store.set('a', 'A')
  expect(await expectCommands(store, 1, () => store.getMany(['a']))).toEqual(['A'])
})

test('expectCommands counts only what is sent meanwhile', async () => {
  const store = counting(memory())
  await store.set('a', 'A')
  await expectCommands(store, 0, () => 'nothing')
  await expectCommands(store, { getMany: 1, delete: 1 }, async () => {
    await store.getMany(['a'])
    await store.delete(['a'])
  })
})

test('expectCommands lists what was expected and what was sent when the total differs', async () => {
  const store = counting(memory())
  const sendThree = async () => {
    await store.set('a', 'A')
    await store.getMany(['a'])
    await store.getMany(['a'])
  }
  await expect(expectCommands(store, 2, sendThree)).rejects.toThrow(
    'commands expected: 2 in all; sent: 1 set, 2 getMany (3 in all)',
  )
  await expect(expectCommands(store, 1, async () => {})).rejects.toThrow(
    'commands expected: 1 in all; sent: none (0 in all)',
  )
})

test('expectCommands takes a method left out for one that must not be called, and so it takes 0', async () => {
  const store = counting(memory())
  const read = () => store.getMany(['a'])
  await expectCommands(store, { getMany: 1, set: 0 }, read)
  await expect(expectCommands(store, { set: 1 }, read)).rejects.toThrow(
    'commands expected: 1 set; sent: 1 getMany (1 in all)',
  )
  await expect(expectCommands(store, {}, read)).rejects.toThrow('commands expected: none; sent: 1 getMany (1 in all)')
  await expect(expectCommands(store, { getMany: 1, set: 1 }, read)).rejects.toThrow(
    'commands expected: 1 getMany, 1 set; sent: 1 getMany',
  )
})

test('expectCommands lets the own error of the function through', async () => {
  const store = counting(memory())
  const error = new Error('from the function')
  await expect(
    expectCommands(store, 5, async () => {
      throw error
    }),
  ).rejects.toBe(error)
})
