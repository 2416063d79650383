import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLarder, createSessions, memory } from '../../src/index.js'
import { counting, expectCommands } from '../../src/testing/counting.js'
import { failing, hanging, lying } from '../../src/testing/faults.js'
import { sessionsOver } from './suite.js'

sessionsOver(() => memory())

const contents = async (store = memory()) =>
  [...((await store.client()) as Map<string, { value: string }>)]
    .map(([key, { value }]) => `${key} ${value}`)
    .join('\n')

test('ids are long, of letters that a cookie takes, and never the same', async () => {
  const sessions = createSessions({ ttl: '1m' })
  const ids = await Promise.all(
    Array.from({ length: 500 }, (_, i) => sessions.create({}, i % 2 ? { user: `user ${i}` } : {})),
  )
  for (const id of ids) expect(id).toMatch(/^[\w-]{32}(\.[0-9a-f]{20})?$/)
  expect(new Set(ids.map((id) => id.slice(0, 32))).size).toBe(500)
  // As good as random: each of the 64 letters turns up about as often as the others.
  const counts = new Map<string, number>()
  for (const letter of ids.map((id) => id.slice(0, 32)).join('')) counts.set(letter, (counts.get(letter) ?? 0) + 1)
  expect(counts.size).toBe(64)
  for (const count of counts.values()) expect(count).toBeGreaterThan(125)
})

test('the store holds neither the id nor the name of the user', async () => {
  const store = memory()
  const sessions = createLarder({ adapter: store }).createSessions({ ttl: '1m' })
  const id = await sessions.create({ theme: 'dark' }, { user: 'ada@example.com' })
  const text = await contents(store)
  expect(text).toContain('dark')
  expect(text).not.toContain(id.slice(0, 32))
  expect(text).not.toContain('ada')
})

test('what cannot be an id is no session, and the store is not asked', async () => {
  const store = counting(memory())
  const sessions = createLarder({ adapter: store }).createSessions({ ttl: '1m' })
  for (const id of [undefined, null, '', 'short', 'x'.repeat(33), `${'x'.repeat(32)}.nothex`, `${'*'.repeat(32)}`, 7]) {
    expect(await sessions.get(id as never)).toBeNull()
    expect(await sessions.set(id as never, {})).toBe(false)
    expect(await sessions.touch(id as never)).toBe(false)
    expect(await sessions.destroy(id as never)).toBe(false)
    expect(await sessions.regenerate(id as never)).toBeNull()
  }
  expect(store.commands).toEqual({})
})

test("another's session is not reached by changing the part of the id that names the user", async () => {
  const sessions = createSessions({ ttl: '1m' })
  const [ada, bob] = [await sessions.create({}, { user: 'ada' }), await sessions.create({}, { user: 'bob' })]
  const mixed = ada.slice(0, 33) + bob.slice(33)
  for (const id of [mixed, ada.slice(0, 32)]) expect(await sessions.get(id)).toBeNull()
  expect(await sessions.get(ada)).not.toBeNull()
})

test('each method is one command, and a new id is three', async () => {
  const store = counting(memory())
  const { createSessions } = createLarder({ adapter: store })
  const [rolling, fixed] = [createSessions({ ttl: '1m' }), createSessions({ ttl: '1m', rolling: false })]
  const id = await expectCommands(store, { run: 1 }, () => rolling.create({}, { user: 'ada' }))
  await expectCommands(store, { run: 1 }, () => rolling.get(id))
  await expectCommands(store, { getMany: 1 }, () => fixed.get(id))
  await expectCommands(store, { run: 1 }, () => rolling.set(id, {}))
  const next = await expectCommands(store, { getMany: 1, run: 1, delete: 1 }, () => rolling.regenerate(id))
  await expectCommands(store, { delete: 1 }, () => rolling.destroy(next as string))
  await expectCommands(store, { delete: 1 }, () => rolling.destroyAllOf('ada'))
})

test('sessions of different prefixes never meet', async () => {
  const [one, two] = [createSessions({ ttl: '1m', prefix: 'shop' }), createSessions({ ttl: '1m', prefix: 'admin' })]
  const id = await one.create({}, { user: 'ada' })
  expect(await two.get(id)).toBeNull()
  await two.destroyAllOf('ada')
  expect(await one.get(id)).not.toBeNull()
})

test('data that cannot come back is refused', async () => {
  const sessions = createSessions({ ttl: '1m' })
  const refused = { code: 'ERR_UNCACHEABLE_VALUE', path: '$.send' }
  await expect(sessions.create({ send() {} })).rejects.toMatchObject(refused)
  const id = await sessions.create({})
  await expect(sessions.set(id, { send() {} })).rejects.toMatchObject(refused)
})

describe('when the store fails', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test.each([failing, hanging, lying])(
    'every method says so, and nobody is taken for logged out: %o',
    async (fault) => {
      const store = fault(memory(), { active: false })
      const { createSessions } = createLarder({ adapter: store, store: { breaker: { failures: 1_000 } } })
      for (const rolling of [true, false]) {
        const sessions = createSessions({ ttl: '1m', rolling })
        const id = await sessions.create({}, { user: 'ada' })
        store.active = true
        for (const method of ['get', 'touch', 'regenerate'] as const) {
          const answer = sessions[method](id).catch((error: unknown) => error)
          await vi.advanceTimersByTimeAsync(1_000)
          // A lie that looks like an answer is one.
          if (fault !== lying || method === 'get') expect(await answer).toMatchObject({ code: 'ERR_STORE' })
        }
        store.active = false
        expect(await sessions.get(id)).not.toBeNull()
      }
    },
  )
})

test.each([
  [{ ttl: 0 }, 'ttl'],
  [{ ttl: 'soon' }, 'ttl'],
  [{ ttl: 1, lifetime: 0 }, 'lifetime'],
  [{ ttl: 1, prefix: '$x' }, 'prefix'],
])('%o is refused by name', (options, option) => {
  expect(() => createSessions(options as never)).toThrow(expect.objectContaining({ name: 'UsageError', option }))
})

test('a user needs a name', async () => {
  const sessions = createSessions({ ttl: '1m' })
  await expect(sessions.create({}, { user: '' })).rejects.toMatchObject({ option: 'user' })
  await expect(sessions.destroyAllOf('')).rejects.toMatchObject({ option: 'user' })
})
