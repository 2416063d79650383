import { describe, expect, onTestFinished, test } from 'vitest'
import { type Adapter, createLarder, type SessionsOptions } from '../../src/index.js'
import { intercept } from '../../src/testing/intercept.js'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
let names = 0

/** What sessions promise, over any adapter, in real time. */
export function sessionsOver(open: () => Adapter | Promise<Adapter>): void {
  async function setUp<Data = { name: string }>(
    options: Partial<SessionsOptions> = {},
    { afterRead }: { afterRead?: () => Promise<void> } = {},
  ) {
    const slow = (adapter: Adapter) =>
      intercept(adapter, async ({ method, proceed }) => {
        const answer = await proceed()
        if (method === 'getMany') await afterRead?.()
        return answer
      })
    const adapter = await open()
    const larder = createLarder({ adapter: afterRead ? slow(adapter) : adapter, store: { budget: '5s' } })
    onTestFinished(() => larder.close())
    await larder.health()
    return larder.createSessions<Data>({ ttl: '1m', prefix: `s${names++}`, ...options })
  }

  describe('a session', () => {
    test('is there until it is destroyed, with its data as it was', async () => {
      const sessions = await setUp<{ since: Date; cart: Set<string> }>()
      const data = { since: new Date(5), cart: new Set(['p1']) }
      const id = await sessions.create(data)
      expect(await sessions.get(id)).toEqual({ id, data })
      expect(await sessions.destroy(id)).toBe(true)
      expect(await sessions.get(id)).toBeNull()
      expect(await sessions.destroy(id)).toBe(false)
    })

    test('has its data replaced, but is never revived by that', async () => {
      const sessions = await setUp()
      for (const user of [undefined, 'ada']) {
        const id = await sessions.create({ name: 'one' }, user === undefined ? {} : { user })
        expect(await sessions.set(id, { name: 'two' })).toBe(true)
        expect((await sessions.get(id))?.data.name).toBe('two')
        await sessions.destroy(id)
        expect(await sessions.set(id, { name: 'three' })).toBe(false)
        expect(await sessions.touch(id)).toBe(false)
        expect(await sessions.get(id)).toBeNull()
      }
    })

    test('that rolls lives on while it is used', async () => {
      const sessions = await setUp({ ttl: '250ms' })
      const id = await sessions.create({ name: 'ada' }, { user: 'ada' })
      for (let use = 0; use < 4; use++) {
        await sleep(120)
        expect(await sessions.get(id)).not.toBeNull()
      }
      await sleep(300)
      expect(await sessions.get(id)).toBeNull()
    })

    test('that does not roll ends in its time, unless it is touched', async () => {
      const sessions = await setUp({ ttl: '300ms', rolling: false })
      const [id, touched] = [await sessions.create({ name: 'a' }), await sessions.create({ name: 'b' })]
      await sleep(180)
      expect(await sessions.get(id)).not.toBeNull()
      expect(await sessions.touch(touched)).toBe(true)
      await sleep(180)
      expect(await sessions.get(id)).toBeNull()
      expect(await sessions.get(touched)).not.toBeNull()
    })

    test('keeps its time when its data is replaced', async () => {
      const sessions = await setUp({ ttl: '300ms', rolling: false })
      const id = await sessions.create({ name: 'a' })
      await sleep(180)
      await sessions.set(id, { name: 'b' })
      await sleep(180)
      expect(await sessions.get(id)).toBeNull()
    })

    test('does not outlive its lifetime, however much it is used', async () => {
      const sessions = await setUp({ ttl: '300ms', lifetime: '500ms' })
      const id = await sessions.create({ name: 'a' }, { user: 'ada' })
      for (let use = 0; use < 3; use++) {
        await sleep(120)
        expect(await sessions.get(id)).not.toBeNull()
      }
      await sleep(200)
      expect(await sessions.get(id)).toBeNull()
    })
  })

  describe('a new id', () => {
    test('takes the place of the old one, with the same data or other', async () => {
      const sessions = await setUp()
      const planted = await sessions.create({ name: 'guest' })
      const kept = (await sessions.regenerate(planted)) as string
      expect(await sessions.get(planted)).toBeNull()
      expect((await sessions.get(kept))?.data.name).toBe('guest')
      const own = (await sessions.regenerate(kept, { user: 'ada', data: { name: 'Ada' } })) as string
      expect(await sessions.get(kept)).toBeNull()
      expect((await sessions.get(own))?.data.name).toBe('Ada')
      await sessions.destroyAllOf('ada')
      expect(await sessions.get(own)).toBeNull()
    })

    test('saves no session from the end of all of its user’s, should that come in between', async () => {
      let meanwhile = async () => {}
      const sessions = await setUp({}, { afterRead: () => meanwhile() })
      for (const end of [(_: string) => sessions.destroyAllOf('ada'), (id: string) => sessions.destroy(id)]) {
        const id = await sessions.create({ name: 'Ada' }, { user: 'ada' })
        meanwhile = async () => void (await end(id))
        expect(await sessions.regenerate(id, { user: 'ada' })).toBeNull()
      }
    })

    test('is given once: of two at the same time, one has it', async () => {
      const sessions = await setUp()
      const id = await sessions.create({ name: 'Ada' }, { user: 'ada' })
      const regenerate = () => sessions.regenerate(id, { user: 'ada' })
      const given = (await Promise.all([regenerate(), regenerate()])).filter((next) => next !== null)
      expect(given).toHaveLength(1)
      expect((await sessions.get(given[0]))?.data.name).toBe('Ada')
    })

    test('is not given to a session that is not there', async () => {
      const sessions = await setUp()
      const id = await sessions.create({ name: 'guest' })
      await sessions.destroy(id)
      expect(await sessions.regenerate(id)).toBeNull()
    })
  })

  test.each([[true], [false]])('all sessions of a user end together, and no others; rolling: %o', async (rolling) => {
    const sessions = await setUp({ rolling })
    const [one, two] = [
      await sessions.create({ name: '1' }, { user: 'ada' }),
      await sessions.create({ name: '2' }, { user: 'ada' }),
    ]
    const others = [await sessions.create({ name: '3' }, { user: 'bob' }), await sessions.create({ name: '4' })]
    await sessions.destroyAllOf('ada')
    for (const id of [one, two]) {
      expect(await sessions.get(id)).toBeNull()
      expect(await sessions.touch(id)).toBe(false)
      expect(await sessions.set(id, { name: 'back' })).toBe(false)
      expect(await sessions.regenerate(id)).toBeNull()
    }
    for (const id of others) expect(await sessions.get(id)).not.toBeNull()
    // One that begins afterwards holds, and those that ended do not come back with it.
    const next = await sessions.create({ name: '5' }, { user: 'ada' })
    expect((await sessions.get(next))?.data.name).toBe('5')
    for (const id of [one, two]) expect(await sessions.get(id)).toBeNull()
  })
}
