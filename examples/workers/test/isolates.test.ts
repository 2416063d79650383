import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { waitUntil } from '../../../packages/adapters/test/support/wait-until.js'
import { type Client, coldDay } from './support/client.js'
import { ADMIN_TOKEN, startWorld, type World } from './support/world.js'

const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
let world: World
let one: Client
let two: Client
beforeAll(async () => {
  world = await startWorld()
  ;[one, two] = await Promise.all([world.start(), world.start()])
})
afterAll(() => world.stop())
beforeEach(() => {
  world.tables.asked = 0
})

test('what one isolate has looked up, the other serves', async () => {
  const path = `/tides/oban/${coldDay()}`
  const { body } = await one.ask(path)
  expect((await two.ask(path)).body).toEqual(body)
  expect(world.tables.asked).toBe(1)
})

test('what is purged through one is gone for the other', async () => {
  const path = `/tides/oban/${coldDay()}`
  const { body: old } = await two.ask(path)
  expect((await one.ask('/tides/oban', { method: 'DELETE', headers })).status).toBe(200)
  expect((await two.ask(path)).body.askedAt > old.askedAt).toBe(true)
  expect(world.tables.asked).toBe(2)
})

test('a look into the tables that began before a purge through the other is not kept', async () => {
  const path = `/tides/galway/${coldDay()}`
  const slow = one.ask(path)
  await waitUntil('the tables are asked', () => world.tables.asked === 1)
  await two.ask('/tides/galway', { method: 'DELETE', headers })
  const { body: old } = await slow
  expect((await two.ask(path)).body.askedAt > old.askedAt).toBe(true)
})

test('the limit is one for both: of 40 reports, ten are taken', async () => {
  const report = (worker: Client) =>
    worker.ask('/reports/oban', { method: 'POST', headers: { 'cf-connecting-ip': '192.0.2.1' }, body: 'calm' })
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => report(i % 2 ? one : two)))
  const count = (status: number) => answers.filter((answer) => answer.status === status).length
  expect([count(202), count(429)]).toEqual([10, 30])
})

test('the refresh runs in one of them at a time', async () => {
  const answers = await Promise.all([one, two].map((worker) => worker.ask('/refresh', { method: 'POST', headers })))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
  expect(world.tables.asked).toBe(1 + 5)
})
