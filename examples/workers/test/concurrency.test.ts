import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { waitUntil } from '../../../packages/adapters/test/support/wait-until.js'
import { type Client, coldDay } from './support/client.js'
import { startWorld, type World } from './support/world.js'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())
beforeEach(() => {
  world.tables.asked = 0
  world.tables.isBroken = false
})

// With the flag, a promise of one request can never be resolved by another.
describe.each([[[]], [['no_handle_cross_request_promise_resolution']]])(
  'requests of one isolate, flags %j',
  (flags) => {
    let worker: Client
    beforeAll(async () => {
      worker = await world.start({ flags, vars: { TIDES_FRESH: '500ms' } })
    })
    afterAll(() => {
      // What workerd says of a request that it cancelled, or of a promise that it left behind.
      expect(worker.logs.filter((line) => /hung|never complete|different request|canceled/i.test(line))).toEqual([])
      return worker.stop()
    })

    test('two on one cold key are both answered, by one look into the tables', async () => {
      const path = `/tides/whitby/${coldDay()}`
      const [one, two] = await worker.askAll([path, path])
      expect(one).toMatchObject({ status: 200, body: { harbour: 'whitby' } })
      expect(two?.body).toEqual(one?.body)
      expect(world.tables.asked).toBe(1)
    })

    test('a second one is answered when the client of the first has left', async () => {
      const path = `/tides/whitby/${coldDay()}`
      const leaving = new AbortController()
      const first = worker.ask(path, { signal: leaving.signal })
      await waitUntil('the tables are asked', () => world.tables.asked === 1)
      const second = worker.ask(path)
      leaving.abort()
      await expect(first).rejects.toThrow()
      expect((await second).status).toBe(200)
    })

    test('100 on one cold key are all answered, and the tables asked a few times at most', async () => {
      const path = `/tides/oban/${coldDay()}`
      const answers = await worker.askAll(Array(100).fill(path))
      expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200))
      expect(world.tables.asked).toBeLessThanOrEqual(5)
    })

    test('100 on 100 cold keys are all answered, each with its own', async () => {
      const days = Array.from({ length: 100 }, coldDay)
      const answers = await worker.askAll(days.map((day) => `/tides/dover/${day}`))
      expect(answers.map(({ body }) => body.day)).toEqual(days)
    })

    test('when the tables fail the first, all learn it, and nothing of it is kept', async () => {
      world.tables.isBroken = true
      const path = `/tides/galway/${coldDay()}`
      const answers = await worker.askAll(Array(20).fill(path))
      expect(answers.map(({ status, body }) => `${status} ${body.title}`)).toEqual(
        Array(20).fill('502 the tide tables answered 500'),
      )
      world.tables.isBroken = false
      await waitUntil('the tables are tried again', async () => (await worker.ask(path)).status === 200)
    })

    test('a stale tide is served at once, and looked up again after the answer', async () => {
      const path = `/tides/padstow/${coldDay()}`
      const { body: old } = await worker.ask(path)
      await new Promise((resolve) => setTimeout(resolve, 550))
      const stale = await worker.ask(path)
      expect(stale.body).toEqual(old)
      // The request is over. What it began goes on.
      await waitUntil('the tables were asked again', () => world.tables.asked === 2)
      await waitUntil('the new tide is served', async () => (await worker.ask(path)).body.askedAt > old.askedAt)
    })

    test('100 on one stale key are served at once, by one refresh', async () => {
      const path = `/tides/padstow/${coldDay()}`
      const { body: old } = await worker.ask(path)
      await new Promise((resolve) => setTimeout(resolve, 550))
      const answers = await worker.askAll(Array(100).fill(path))
      expect(answers.filter(({ body }) => body.askedAt === old.askedAt).length).toBeGreaterThan(0)
      expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200))
      expect(world.tables.asked).toBeLessThanOrEqual(1 + 5)
    })
  },
)
