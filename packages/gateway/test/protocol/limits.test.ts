import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../../../adapters/test/support/wait-until.js'
import { type Answered, type Pair, startPair } from '../support/gateway.js'

const MAX_BODY_BYTES = 10_000

let pair: Pair
beforeAll(async () => {
  pair = await startPair({ maxBodyBytes: MAX_BODY_BYTES, token: 'correct-horse' })
})
afterAll(() => pair?.[Symbol.asyncDispose]())

const ask: Pair['gateway']['ask'] = (...args) => pair.gateway.ask(...args)

/** Sends bytes as they are, and resolves to all that comes back until the gateway closes. */
function sendRaw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(pair.gateway.url).port), '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
    socket.write(text)
  })
}

test('no token, or another than the right one, is a 401', async () => {
  const wrong = [
    '',
    'Bearer',
    'Bearer ',
    'Bearer correct-hors',
    'Bearer correct-horse2',
    'Basic correct-horse',
    'correct-horse',
  ]
  for (const authorization of wrong) {
    for (const path of ['/', '/get/a', '/pipeline', '/multi-exec', '/subscribe/a']) {
      const { status, json } = await ask(path, { body: ['GET', 'a'], headers: { authorization } })
      expect([authorization, status, json]).toEqual([
        authorization,
        401,
        { error: 'WRONGPASS invalid or missing auth token' },
      ])
    }
  }
})

test('the token may be in the query, where it is no argument', async () => {
  const url = `${pair.gateway.url}/set/a/b?_token=correct-horse&EX=100`
  expect(await (await fetch(url)).json()).toEqual({ result: 'OK' })
  expect((await fetch(url.replace('horse', 'cow'))).status).toBe(401)
  expect(await pair.redis.cli('TTL', 'a')).toBe('100')
})

test('another method is a 405 that names those there are', async () => {
  for (const method of ['DELETE', 'PATCH']) {
    const { status, json, headers } = await ask('/get/a', { method })
    expect([status, json]).toEqual([405, { error: 'ERR method not allowed' }])
    expect(headers.get('allow')).toBe('GET, HEAD, POST, PUT')
  }
})

test('a browser may ask', async () => {
  const response = await fetch(`${pair.gateway.url}/`, { method: 'OPTIONS' })
  expect(response.status).toBe(204)
  expect(response.headers.get('access-control-allow-headers')).toContain('Authorization')
  expect((await ask('/ping')).headers.get('access-control-allow-origin')).toBe('*')
})

test('a body that is too large is a 413, whether or not its length was said before', async () => {
  const error = { error: `ERR max request size exceeded: the limit is ${MAX_BODY_BYTES} bytes` }
  const fits = 'x'.repeat(MAX_BODY_BYTES)
  expect((await ask('/set/large', { body: fits })).json).toEqual({ result: 'OK' })
  for (const path of ['/set/large', '/', '/pipeline']) {
    const { status, json } = await ask(path, { body: `${fits}x` })
    expect([path, status, json]).toEqual([path, 413, error])
  }
  const body = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 100; i++) controller.enqueue(new TextEncoder().encode('x'.repeat(1_000)))
      controller.close()
    },
  })
  const streamed = await fetch(`${pair.gateway.url}/set/large`, {
    method: 'POST',
    headers: { authorization: 'Bearer correct-horse' },
    body,
    duplex: 'half',
  } as RequestInit)
  expect([streamed.status, await streamed.json()]).toEqual([413, error])
  expect((await ask('/strlen/large')).json).toEqual({ result: MAX_BODY_BYTES })
})

test('a path or headers that are too long are a 431 that says what to do', async () => {
  const { status, json } = await ask(`/set/a/${'x'.repeat(20_000)}`)
  expect(status).toBe(431)
  expect(json.error).toBe('ERR path and headers are too long: send the command as the body of a POST')
  expect((await ask('/ping', { headers: { 'x-large': 'x'.repeat(20_000) } })).status).toBe(431)
})

test('what is no HTTP is a 400, and the gateway goes on', async () => {
  const answer = await sendRaw('*1\r\n$4\r\nPING\r\n')
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
  expect(answer).toContain('{"error":"ERR this is not an HTTP request"}')
  expect((await ask('/ping')).json).toEqual({ result: 'PONG' })
})

test('a client that leaves in the midst of its body harms nobody', async () => {
  const socket = connect(Number(new URL(pair.gateway.url).port), '127.0.0.1')
  const head = 'POST / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer correct-horse\r\ncontent-length: 100\r\n\r\n["SET"'
  await new Promise((resolve) => socket.write(head, resolve))
  socket.destroy()
  expect((await ask('/ping')).json).toEqual({ result: 'PONG' })
})

test('a client that sends slowly holds up nobody else', async () => {
  await using small = await startPair({ maxConcurrent: 1, maxWaiting: 0, token: 'correct-horse' })
  const slow = connect(Number(new URL(small.gateway.url).port), '127.0.0.1')
  let answer = ''
  slow.on('data', (chunk) => {
    answer += chunk
  })
  const body = '["SET","slow","1"]'
  slow.write(
    `POST / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer correct-horse\r\ncontent-length: ${body.length}\r\n\r\n["SET",`,
  )
  // Until the gateway has that head and half a body, and beyond.
  for (let i = 0; i < 20; i++) expect((await small.gateway.run('PING')).json).toEqual({ result: 'PONG' })
  expect(answer).toBe('')
  slow.write(body.slice('["SET",'.length))
  await waitUntil('it is answered too', () => answer.includes('{"result":"OK"}'))
  slow.destroy()
})

test('requests beyond those that run wait for their turn, and beyond those that wait are a 503', async () => {
  await using small = await startPair({ maxConcurrent: 2, maxWaiting: 3, commandTimeout: '10s' })
  await small.gateway.run('PING')
  small.redis.pause()
  const refused: Answered[] = []
  const asked = Array.from({ length: 10 }, async () => {
    const answer = await small.gateway.run('INCR', 'n')
    if (answer.status !== 200) refused.push(answer)
    return answer
  })
  await waitUntil('five are refused', () => refused.length === 5)
  small.redis.resume()
  const all = await Promise.all(asked)
  expect(refused.length).toBe(5)
  for (const { status, json, headers } of refused) {
    expect([status, json]).toEqual([503, { error: 'ERR too many requests at once: 2 run and 3 wait' }])
    expect(headers.get('retry-after')).toBe('1')
  }
  const counts = all.filter(({ status }) => status === 200).map(({ json }) => json.result)
  expect(counts.sort()).toEqual([1, 2, 3, 4, 5])
})
