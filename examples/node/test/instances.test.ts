import { expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { startRedis } from '../../../packages/adapters/test/support/redis-server.js'
import { type InstanceProcess, startProcess } from './process.js'

/** What a person's browser does: it keeps the cookie. */
function browser({ url }: InstanceProcess, jar: { cookie?: string } = {}) {
  return async (method: string, path: string, body?: unknown) => {
    const response = await fetch(url + path, {
      method,
      headers: { 'content-type': 'application/json', ...(jar.cookie ? { cookie: jar.cookie } : {}) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const cookie = response.headers.get('set-cookie')?.split(';')[0]
    if (cookie) jar.cookie = cookie
    const text = await response.text()
    return { status: response.status, body: text ? JSON.parse(text) : undefined }
  }
}

/** A member of a room, with what it was told. */
async function join({ url }: InstanceProcess, room: string): Promise<string[]> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/rooms/${room}`)
  const heard: string[] = []
  socket.on('message', (data) => heard.push(JSON.parse(String(data)).text))
  await new Promise((resolve, reject) => {
    socket.on('open', resolve)
    socket.on('error', reject)
  })
  return heard
}

const texts = (answer: { body: { notices: { text: string }[] } }) => answer.body.notices.map(({ text }) => text)

test('a notice posted on one instance is told to the sockets of the other, and shown by it at once', async () => {
  await using redis = await startRedis()
  const [a, b] = [await startProcess(redis.url), await startProcess(redis.url)]
  const jar = {}
  const [atA, atB] = [browser(a, jar), browser(b, jar)]
  const [hall, other] = [await join(b, 'hall'), await join(b, 'other')]

  await atA('POST', '/login', { name: 'Ann' })
  expect((await atB('GET', '/rooms/hall')).body).toMatchObject({ notices: [], reads: 1 })
  const posted = await atA('POST', '/rooms/hall', { text: 'soup at noon' })
  expect(posted).toMatchObject({ status: 201, body: { number: 1, author: 'Ann', text: 'soup at noon' } })

  await vi.waitFor(() => expect(hall).toEqual(['soup at noon']))
  expect(other).toEqual([])
  await atB('POST', '/everybody', { text: 'we close at ten' })
  await vi.waitFor(() => expect([hall, other]).toEqual([['soup at noon', 'we close at ten'], ['we close at ten']]))
  await vi.waitFor(async () => expect(texts(await atB('GET', '/rooms/hall'))).toEqual(['soup at noon']))
})

test('what one instance has read it serves from its own memory: Redis hears nothing of it', async () => {
  await using redis = await startRedis()
  const a = browser(await startProcess(redis.url))
  // From the moment on when it is told of changes.
  await vi.waitFor(async () => {
    await redis.resetStats()
    await a('GET', '/rooms/hall')
    expect(await redis.commandStats()).toEqual({})
  })
  for (let n = 0; n < 20; n++) await a('GET', '/rooms/hall')
  expect(await redis.commandStats()).toEqual({})
})

test('a session begun on one instance holds on the other, until it is ended there', async () => {
  await using redis = await startRedis()
  const jar = {}
  const [atA, atB] = [browser(await startProcess(redis.url), jar), browser(await startProcess(redis.url), jar)]
  expect((await atB('GET', '/me')).status).toBe(401)
  await atA('POST', '/login', { name: 'Ann' })
  expect(await atB('GET', '/me')).toEqual({ status: 200, body: { name: 'Ann' } })
  expect((await atB('POST', '/logout')).status).toBe(204)
  expect((await atA('GET', '/me')).status).toBe(401)
  expect((await atA('POST', '/rooms/hall', { text: 'let me in' })).status).toBe(401)
})

test('numbers are given once, whichever instances post at the same time', async () => {
  await using redis = await startRedis()
  const jar = {}
  const [atA, atB] = [browser(await startProcess(redis.url), jar), browser(await startProcess(redis.url), jar)]
  await atA('POST', '/login', { name: 'Ann' })
  const post = (at: typeof atA, n: number) => at('POST', '/rooms/hall', { text: `${n}` })
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => post(n % 2 ? atA : atB, n)))
  expect(answers.map(({ body }) => body.number).sort((x, y) => x - y)).toEqual(
    Array.from({ length: 20 }, (_, n) => n + 1),
  )
  // And the limit is one for both.
  expect((await post(atA, 21)).status).toBe(429)
})

test('Redis dies and comes back: sockets are told again by themselves, and nothing old is shown', async () => {
  await using redis = await startRedis()
  const [a, b] = [await startProcess(redis.url), await startProcess(redis.url)]
  const jar = {}
  const [atA, atB] = [browser(a, jar), browser(b, jar)]
  const hall = await join(b, 'hall')
  await atA('POST', '/login', { name: 'Ann' })
  await atA('POST', '/rooms/hall', { text: 'before' })
  await vi.waitFor(async () => expect(texts(await atB('GET', '/rooms/hall'))).toEqual(['before']))

  // It comes back empty: whoever still shows what was there serves it from a memory that should have been dropped.
  await redis.kill()
  await redis.restart()
  await vi.waitFor(async () => expect((await atB('GET', '/health')).status).toBe(200), {
    timeout: 10_000,
    interval: 100,
  })
  await vi.waitFor(async () => expect(texts(await atB('GET', '/rooms/hall'))).toEqual([]), { timeout: 10_000 })

  await vi.waitFor(
    async () => {
      await atA('POST', '/login', { name: 'Ann' })
      await atA('POST', '/rooms/hall', { text: 'after' })
      expect(hall).toContain('after')
    },
    { timeout: 15_000, interval: 500 },
  )
  expect(a.output() + b.output()).not.toMatch(/unhandled/i)
})

test('/health tells the round trip, the breaker and the pool, and 503 while Redis is away', async () => {
  await using redis = await startRedis()
  const a = browser(await startProcess(redis.url))
  await a('GET', '/rooms/hall')
  const { status, body } = await a('GET', '/health')
  expect(status).toBe(200)
  expect(body.adapters.tcp).toMatchObject({ ok: true, breaker: 'closed', roundTripMs: expect.any(Number) })
  expect(body.adapters.tcp.pool).toMatchObject({ size: expect.any(Number), pending: 0 })
  await redis.kill()
  expect((await a('GET', '/health')).status).toBe(503)
})

test('SIGTERM ends an instance cleanly: requests under way are answered, sockets are closed, nothing is left', async () => {
  await using redis = await startRedis()
  const instance = await startProcess(redis.url)
  await join(instance, 'hall')
  const underWay = browser(instance)('GET', '/rooms/hall')
  expect((await underWay).status).toBe(200)
  expect(await instance.terminate()).toBe(0)
  expect(instance.output()).toMatch(/closed\n$/)
  await vi.waitFor(async () => expect(await redis.clientCount()).toBe(0))
})
