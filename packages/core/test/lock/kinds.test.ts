import { beforeAll, expect, test } from 'vitest'
import { type Adapter, createLarder, memory } from '../../src/index.js'
import { lockKinds } from './kinds-suite.js'

let store: Adapter
beforeAll(() => {
  store = memory()
})

// In one process there is one store; closing a process leaves it.
lockKinds(() => {
  const own = { ...store, capabilities: store.capabilities }
  let closed = false
  const run: Adapter['run'] = async (...call) => {
    if (closed) throw new Error('closed')
    return store.run(...call)
  }
  return Object.assign(own, {
    run,
    async close() {
      closed = true
    },
  })
})

test.each([
  ['job', { mode: 'reed' }, 'mode'],
  ['job', { permits: 0 }, 'permits'],
  ['job', { permits: 1.5 }, 'permits'],
  ['job', { permits: 2, mode: 'read' }, 'permits'],
  [[], {}, 'key'],
  [['a', ''], {}, 'key'],
  [['a', 'b'], { fair: true }, 'key'],
  [['a', 'b'], { permits: 2 }, 'key'],
])('%o with %o is refused by name', async (key, options, option) => {
  const { locks } = createLarder()
  await expect(locks.acquire(key, options as never)).rejects.toMatchObject({ name: 'UsageError', option })
  await expect(locks.tryAcquire(key, options as never)).rejects.toMatchObject({ name: 'UsageError', option })
})

test('a name with a hash tag of its own never meets another name', async () => {
  const { locks } = createLarder()
  const names = ['{a}b', '{a}', 'a', '{a', 'a}', '{a}:b', 'b{a}', '{}', '{}a', '%7Ba%7D', '{{a}}']
  const held = await Promise.all(names.map((name) => locks.tryAcquire(name)))
  expect(held.every(Boolean)).toBe(true)
  for (const name of names) expect(await locks.tryAcquire(name)).toBeNull()
})
