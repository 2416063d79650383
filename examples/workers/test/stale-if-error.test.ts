import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { waitUntil } from '../../../packages/adapters/test/support/wait-until.js'
import { type Client, coldDay } from './support/client.js'
import { startWorld, type World } from './support/world.js'

const FRESH_MS = 300
let world: World
let worker: Client
beforeAll(async () => {
  world = await startWorld()
  // Nothing is served stale but for want of something better.
  worker = await world.start({ vars: { TIDES_FRESH: `${FRESH_MS}ms`, TIDES_STALE: '0s' } })
})
afterAll(() => world.stop())
beforeEach(() => {
  world.tables.isBroken = false
  world.tables.asked = 0
})

test('yesterday’s answer is better than none while the tables are out of order', async () => {
  const path = `/tides/whitby/${coldDay()}`
  const { body: old } = await worker.ask(path)
  await sleep(FRESH_MS)
  world.tables.isBroken = true
  expect(await worker.ask(path)).toMatchObject({ status: 200, body: old })
  expect(world.tables.asked).toBe(2)
  // They are not asked again for every request.
  const answers = await worker.askAll(Array(20).fill(path))
  expect(answers.map(({ body }) => body.askedAt)).toEqual(Array(20).fill(old.askedAt))
  expect(world.tables.asked).toBe(2)

  world.tables.isBroken = false
  await waitUntil('the new tide is served', async () => (await worker.ask(path)).body.askedAt > old.askedAt)
})

test('without one it is a 502, which nobody keeps', async () => {
  const path = `/tides/whitby/${coldDay()}`
  world.tables.isBroken = true
  await world.redis.resetStats()
  expect(await worker.ask(path)).toMatchObject({ status: 502, body: { title: 'the tide tables answered 500' } })
  expect(await world.redis.commandStats()).toEqual({ mget: 1 })
  world.tables.isBroken = false
  await waitUntil('it is well again', async () => (await worker.ask(path)).status === 200)
})
