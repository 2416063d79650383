import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { waitUntil } from '../../../packages/adapters/test/support/wait-until.js'
import { type Client, coldDay } from './support/client.js'
import { ADMIN_TOKEN, startWorld, type World } from './support/world.js'

const admin = { authorization: `Bearer ${ADMIN_TOKEN}` }
let world: World
let worker: Client
beforeAll(async () => {
  world = await startWorld()
  worker = await world.start()
})
afterAll(() => world.stop())
beforeEach(() => {
  world.tables.asked = 0
})

describe('GET /tides/:harbour', () => {
  test('asks the tables once, and then the cache, by one command', async () => {
    const path = `/tides/whitby/${coldDay()}`
    const cold = await worker.ask(path)
    expect(cold).toMatchObject({ status: 200, body: { harbour: 'whitby', high: expect.any(Array) } })
    await world.redis.resetStats()
    expect((await worker.ask(path)).body).toEqual(cold.body)
    expect(await world.redis.commandStats()).toEqual({ mget: 1 })
    expect(world.tables.asked).toBe(1)
  })

  test('is about today where no day is given', async () => {
    const today = new Date().toISOString().slice(0, 10)
    expect((await worker.ask('/tides/oban')).body).toMatchObject({ harbour: 'oban', day: today })
  })

  test('remembers which harbours there are not', async () => {
    const path = `/tides/atlantis/${coldDay()}`
    for (let i = 0; i < 2; i++) {
      const { status, body, headers } = await worker.ask(path)
      expect(status).toBe(404)
      expect(body).toEqual({ title: 'no harbour called atlantis', status: 404 })
      expect(headers.get('content-type')).toBe('application/problem+json')
    }
    expect(world.tables.asked).toBe(1)
  })

  test.each([
    ['/tides/whitby/2030-13-41', 400],
    ['/tides/whitby/tomorrow', 404],
    ['/tides', 404],
    ['/', 404],
  ])('%s is answered by %i, and the tables are not asked', async (path, status) => {
    expect(await worker.ask(path)).toMatchObject({ status, body: { status } })
    expect(world.tables.asked).toBe(0)
  })
})

describe('DELETE /tides', () => {
  test('evicts one harbour by its tag, whatever the day', async () => {
    const [one, two] = [coldDay(), coldDay()]
    const paths = [`/tides/dover/${one}`, `/tides/dover/${two}`, `/tides/galway/${one}`]
    await worker.askAll(paths)
    const answer = await worker.ask('/tides/dover', { method: 'DELETE', headers: admin })
    expect(answer).toMatchObject({ status: 200, body: { evicted: 'harbour:dover' } })
    await worker.askAll(paths)
    expect(world.tables.asked).toBe(3 + 2)
  })

  test('evicts all tides', async () => {
    const paths = [`/tides/dover/${coldDay()}`, `/tides/galway/${coldDay()}`]
    await worker.askAll(paths)
    expect((await worker.ask('/tides', { method: 'DELETE', headers: admin })).body).toEqual({ evicted: 'tides' })
    await worker.askAll(paths)
    expect(world.tables.asked).toBe(4)
  })

  test.each([{}, { authorization: 'Bearer guessed' }, { authorization: `Bearer ${ADMIN_TOKEN}s` }])(
    'is refused to %j',
    async (headers) => {
      expect((await worker.ask('/tides', { method: 'DELETE', headers })).status).toBe(401)
    },
  )

  test('is refused to everybody where no ADMIN_TOKEN is set', async () => {
    const unset = await world.start({ vars: { ADMIN_TOKEN: '' } })
    for (const authorization of ['Bearer ', 'Bearer undefined']) {
      expect((await unset.ask('/tides', { method: 'DELETE', headers: { authorization } })).status).toBe(401)
    }
  })
})

describe('/reports/:harbour', () => {
  const report = (address: string, body: string) =>
    worker.ask('/reports/padstow', { method: 'POST', headers: { 'cf-connecting-ip': address }, body })

  test('keeps the latest report', async () => {
    expect((await worker.ask('/reports/padstow')).status).toBe(404)
    expect((await report('192.0.2.1', 'first')).status).toBe(202)
    await report('192.0.2.1', 'wet "feet" 🌊')
    expect((await worker.ask('/reports/padstow')).body).toEqual({ text: 'wet "feet" 🌊', at: expect.any(String) })
  })

  test('takes ten a minute from one address, and answers the next by 429 with what its client needs to know', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => report('192.0.2.2', `${i}`)))
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(202))
    const left = answers.map(({ headers }) => headers.get('ratelimit')?.match(/^"reports";r=(\d);t=\d+$/)?.[1])
    expect(left.sort()).toEqual([...'0123456789'])
    expect(answers[0]?.headers.get('ratelimit-policy')).toBe('"reports";q=10;w=60')

    const { status, headers, body } = await report('192.0.2.2', 'one too many')
    expect(status).toBe(429)
    const retryAfter = Number(headers.get('retry-after'))
    expect(retryAfter).toBeGreaterThan(50)
    expect(retryAfter).toBeLessThanOrEqual(60)
    expect(headers.get('ratelimit')).toBe(`"reports";r=0;t=${retryAfter}`)
    expect(headers.get('ratelimit-policy')).toBe('"reports";q=10;w=60')
    expect(headers.get('content-type')).toBe('application/problem+json')
    expect(body).toMatchObject({
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      status: 429,
      'violated-policies': ['reports'],
    })
    expect((await report('192.0.2.3', 'another address')).status).toBe(202)
  })

  test.each(['', '   ', 'x'.repeat(281)])('refuses a report that says nothing, or too much', async (text) => {
    expect((await report('192.0.2.4', text)).status).toBe(400)
  })
})

describe('POST /refresh', () => {
  test('looks all harbours up for today, one refresh at a time', async () => {
    const first = worker.ask('/refresh', { method: 'POST', headers: admin })
    await waitUntil('the first is at it', () => world.tables.asked > 0)
    expect(await worker.ask('/refresh', { method: 'POST', headers: admin })).toMatchObject({
      status: 409,
      body: { title: 'a refresh is under way' },
    })
    expect(await first).toMatchObject({ status: 200, body: { refreshed: 5 } })
    world.tables.asked = 0
    expect(await worker.askAll(['/tides/whitby', '/tides/galway'])).toMatchObject([{ status: 200 }, { status: 200 }])
    expect(world.tables.asked).toBe(0)
    // The lock is free again.
    expect((await worker.ask('/refresh', { method: 'POST', headers: admin })).status).toBe(200)
  })

  test('is what the clock does as well', async () => {
    await worker.runScheduled()
    expect(world.tables.asked).toBe(1 + 5)
  })

  test('is refused without the token', async () => {
    expect((await worker.ask('/refresh', { method: 'POST' })).status).toBe(401)
    expect(world.tables.asked).toBe(0)
  })
})

test('GET /health tells where things are kept, and how Redis is', async () => {
  expect(await worker.ask('/health')).toMatchObject({
    status: 200,
    body: { ok: true, shared: true, kept: 'in Redis, for all isolates', adapters: { http: { ok: true } } },
  })
})
