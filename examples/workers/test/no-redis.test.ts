import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Client, coldDay } from './support/client.js'
import { ADMIN_TOKEN, startWorld, type World } from './support/world.js'

const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
let world: World
let one: Client
let two: Client
beforeAll(async () => {
  world = await startWorld()
  ;[one, two] = await Promise.all([world.start({ upstash: null }), world.start({ upstash: null })])
  await world.redis.resetStats()
})
afterAll(() => world.stop())

test('without a Redis each isolate keeps things for itself, and says so', async () => {
  expect((await one.ask('/health')).body).toMatchObject({
    ok: true,
    shared: false,
    kept: 'in the memory of this isolate, for it alone: no Redis is configured',
  })
  const path = `/tides/whitby/${coldDay()}`
  const { body } = await one.ask(path)
  expect((await one.ask(path)).body).toEqual(body)
  expect(world.tables.asked).toBe(1)
  await two.ask(path)
  expect(world.tables.asked).toBe(2)
})

test('100 requests at once are answered, by one look into the tables', async () => {
  world.tables.asked = 0
  const answers = await one.askAll(Array(100).fill(`/tides/whitby/${coldDay()}`))
  expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200))
  expect(world.tables.asked).toBe(1)
})

test('purges, limits and locks hold within an isolate', async () => {
  const path = `/tides/dover/${coldDay()}`
  const { body: old } = await one.ask(path)
  await one.ask('/tides/dover', { method: 'DELETE', headers })
  expect((await one.ask(path)).body.askedAt > old.askedAt).toBe(true)

  const report = () => one.ask('/reports/dover', { method: 'POST', headers: { 'cf-connecting-ip': '::1' }, body: 'x' })
  const reports = await Promise.all(Array.from({ length: 12 }, report))
  expect(reports.filter(({ status }) => status === 202).length).toBe(10)

  const refreshes = await Promise.all([1, 2].map(() => one.ask('/refresh', { method: 'POST', headers })))
  expect(refreshes.map(({ status }) => status).sort()).toEqual([200, 409])
  expect(await world.redis.commandStats()).toEqual({})
})
