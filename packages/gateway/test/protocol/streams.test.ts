import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../../../adapters/test/support/wait-until.js'
import { openStream } from '../support/events.js'
import { type Pair, startGateway, startPair } from '../support/gateway.js'

let pair: Pair
beforeAll(async () => {
  pair = await startPair({ maxStreams: 4 })
})
afterAll(() => pair?.[Symbol.asyncDispose]())

const publish = (channel: string, message: string) => pair.gateway.run('PUBLISH', channel, message)
const streamsOf = async ({ redis }: Pair) =>
  (await redis.cli('CLIENT', 'LIST', 'TYPE', 'pubsub')).match(/^id=/gm)?.length ?? 0
const noneLeft = () => waitUntil('all streams are gone', async () => (await streamsOf(pair)) === 0)

test('a subscription is a stream of events: its confirmation, then each message', async () => {
  const stream = await openStream(pair.gateway, '/subscribe/chat')
  expect(stream.status).toBe(200)
  expect(stream.headers.get('content-type')).toBe('text/event-stream')
  await stream.received(1)
  expect((await publish('chat', 'hello')).json).toEqual({ result: 1 })
  await publish('chat', '{"a": 1, "b": "ü 😀"}')
  expect(await stream.received(3)).toEqual([
    'subscribe,chat,1',
    'message,chat,hello',
    'message,chat,{"a": 1, "b": "ü 😀"}',
  ])
  stream.leave()
})

test('one stream may have many channels, and names with any characters', async () => {
  const odd = 'a/b {c} 100%'
  const stream = await openStream(pair.gateway, `/subscribe/one/${encodeURIComponent(odd)}`, 'GET')
  await stream.received(2)
  await publish(odd, 'x')
  await publish('one', 'y')
  expect(await stream.received(4)).toEqual([
    'subscribe,one,1',
    `subscribe,${odd},2`,
    `message,${odd},x`,
    'message,one,y',
  ])
  stream.leave()
})

test('a pattern is subscribed to by /psubscribe', async () => {
  const stream = await openStream(pair.gateway, '/psubscribe/user:*')
  await stream.received(1)
  await publish('user:1', 'in')
  await publish('other', 'not for us')
  await publish('user:2', 'out')
  expect(await stream.received(3)).toEqual([
    'psubscribe,user:*,1',
    'pmessage,user:*,user:1,in',
    'pmessage,user:*,user:2,out',
  ])
  stream.leave()
})

test('a message of several lines is one event', async () => {
  const stream = await openStream(pair.gateway, '/subscribe/lines')
  await stream.received(1)
  await publish('lines', 'first\nsecond\r\n\nlast')
  expect((await stream.received(2))[1]).toBe('message,lines,first\nsecond\n\nlast')
  stream.leave()
})

test('/monitor shows what Redis is asked', async () => {
  const stream = await openStream(pair.gateway, '/monitor')
  expect(await stream.received(1)).toEqual(['"OK"'])
  await pair.gateway.run('SET', 'watched', 'v')
  expect((await stream.received(2))[1]).toMatch(/^\d+\.\d+ \[0 127\.0\.0\.1:\d+\] "SET" "watched" "v"$/)
  stream.leave()
})

test('a stream has a connection of its own, which goes with its client', async () => {
  await noneLeft()
  const streams = await Promise.all([
    openStream(pair.gateway, '/subscribe/a'),
    openStream(pair.gateway, '/subscribe/b'),
  ])
  expect(await streamsOf(pair)).toBe(2)
  for (const stream of streams) stream.leave()
  await noneLeft()
})

test('a stream more than there may be is a 503', async () => {
  await noneLeft()
  const streams = await Promise.all([1, 2, 3, 4].map((i) => openStream(pair.gateway, `/subscribe/${i}`)))
  expect(await pair.gateway.ask('/subscribe/5')).toMatchObject({
    status: 503,
    json: { error: 'ERR too many event streams at once: 4 are open' },
  })
  for (const stream of streams) stream.leave()
  await noneLeft()
  const again = await openStream(pair.gateway, '/subscribe/5')
  expect(again.status).toBe(200)
  again.leave()
})

test('a body is not looked at, and a client that leaves in its midst is noticed', async () => {
  await noneLeft()
  const socket = connect(Number(new URL(pair.gateway.url).port), '127.0.0.1')
  socket.on('error', () => {}) // it is we who leave
  const head = `POST /subscribe/a HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${pair.gateway.token}\r\n`
  socket.write(`${head}content-length: 1000000\r\n\r\n${'x'.repeat(200_000)}`)
  await waitUntil('it is subscribed', async () => (await streamsOf(pair)) === 1)
  socket.destroy()
  await noneLeft()
  expect((await pair.gateway.ask('/subscribe/a', { method: 'HEAD' })).status).toBe(405)
})

test('no channel, or the wrong token, is an error and no stream', async () => {
  expect(await pair.gateway.ask('/subscribe')).toMatchObject({
    status: 400,
    json: { error: expect.stringMatching(/^ERR no channel/) },
  })
  const response = await fetch(`${pair.gateway.url}/subscribe/a`, { headers: { authorization: 'Bearer wrong' } })
  expect([response.status, await response.json()]).toEqual([401, { error: 'WRONGPASS invalid or missing auth token' }])
})

test('what Redis refuses is a 400', async () => {
  await pair.redis.cli('ACL', 'SETUSER', 'limited', 'on', '>pw', '+@all', '~*', 'resetchannels', '&allowed:*')
  await using limited = await startGateway({ redis: `redis://limited:pw@127.0.0.1:${pair.redis.port}` })
  expect(await limited.ask('/subscribe/secret')).toMatchObject({
    status: 400,
    json: { error: expect.stringMatching(/^NOPERM /) },
  })
  const stream = await openStream(limited, '/subscribe/allowed:1/secret')
  expect(await stream.received(2)).toEqual(['subscribe,allowed:1,1', expect.stringMatching(/^NOPERM /)])
  stream.leave()
})

test('streams end in good order when the gateway closes, and when Redis dies', async () => {
  const own = await startPair()
  const first = await openStream(own.gateway, '/subscribe/a')
  await first.received(1)
  await own.redis.kill()
  await first.untilEnded()
  await own.redis.restart()
  const second = await openStream(own.gateway, '/subscribe/a')
  await second.received(1)
  const startedMs = performance.now()
  await own.gateway.close()
  await second.untilEnded()
  expect(performance.now() - startedMs).toBeLessThan(2_000)
  await own.redis.stop()
})
