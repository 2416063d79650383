import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Pair, startPair } from '../support/gateway.js'

let pair: Pair
beforeAll(async () => {
  pair = await startPair()
})
afterAll(() => pair?.[Symbol.asyncDispose]())

const ask: Pair['gateway']['ask'] = (...args) => pair.gateway.ask(...args)
const run: Pair['gateway']['run'] = (...args) => pair.gateway.run(...args)

test('a command is a JSON array, and its answer a JSON object with the result', async () => {
  const { status, json, headers } = await run('SET', 'greeting', 'hello', 'EX', 100)
  expect([status, json]).toEqual([200, { result: 'OK' }])
  expect(headers.get('content-type')).toBe('application/json')
  expect((await run('get', 'greeting')).json).toEqual({ result: 'hello' })
  expect(await pair.redis.cli('TTL', 'greeting')).toBe('100')
})

test('numbers and booleans among the arguments are their text', async () => {
  await run('RPUSH', 'mixed', 1, -2.5, true, '007')
  expect((await run('LRANGE', 'mixed', 0, -1)).json).toEqual({ result: ['1', '-2.5', 'true', '007'] })
})

test('every kind of reply has its JSON', async () => {
  await run('MSET', 'number', '41', 'text', '41')
  await run('HSET', 'hash', 'a', '1', 'b', '2')
  expect((await run('INCR', 'number')).json).toEqual({ result: 42 })
  expect((await run('GET', 'text')).json).toEqual({ result: '41' })
  expect((await run('GET', 'nothing')).json).toEqual({ result: null })
  expect((await run('PING')).json).toEqual({ result: 'PONG' })
  expect((await run('TYPE', 'hash')).json).toEqual({ result: 'hash' })
  expect((await run('HGETALL', 'hash')).json).toEqual({ result: ['a', '1', 'b', '2'] })
  expect((await run('LRANGE', 'nothing', 0, -1)).json).toEqual({ result: [] })
  expect((await run('MGET', 'text', 'nothing')).json).toEqual({ result: ['41', null] })
  expect((await run('EVAL', 'return {1, {"two", {3, false}}}', 0)).json).toEqual({ result: [1, ['two', [3, null]]] })
})

test('a number beyond those that JavaScript can count in keeps its digits', async () => {
  await run('SET', 'large', '9223372036854775806')
  expect((await run('INCR', 'large')).bytes.toString()).toBe('{"result":9223372036854775807}')
})

test('strings come back as they went in', async () => {
  const strings = [
    '8',
    'null',
    '{"a":1}',
    'OK',
    '',
    ' ',
    'a"b\\c/d',
    'line\nline\r\n',
    '\u0000\u0007',
    '😀é',
    'T0s=',
    '%41%zz',
  ]
  for (const text of strings) {
    await run('SET', text, text)
    expect((await run('GET', text)).json).toEqual({ result: text })
  }
})

test('what Redis refuses is a 400 with its own words', async () => {
  await run('SET', 'text', 'abc')
  expect(await run('INCR', 'text')).toMatchObject({
    status: 400,
    json: { error: 'ERR value is not an integer or out of range' },
  })
  expect(await run('LPUSH', 'text', 'x')).toMatchObject({
    status: 400,
    json: { error: expect.stringMatching(/^WRONGTYPE/) },
  })
  expect(await run('GET')).toMatchObject({
    status: 400,
    json: { error: "ERR wrong number of arguments for 'get' command" },
  })
  expect(await run('FLY', 'me')).toMatchObject({
    status: 400,
    json: { error: expect.stringMatching(/^ERR unknown command 'FLY'/) },
  })
})

test('a command is a path too, by GET, POST and PUT', async () => {
  for (const method of ['GET', 'POST', 'PUT']) {
    expect((await ask(`/set/path/${method}/EX/100`, { method })).json).toEqual({ result: 'OK' })
    expect((await ask('/get/path', { method })).json).toEqual({ result: method })
  }
  expect((await ask('/mget/path/nothing')).json).toEqual({ result: ['PUT', null] })
  expect(await pair.redis.cli('TTL', 'path')).toBe('100')
})

test('HEAD has the status and no body', async () => {
  const { status, bytes, headers } = await ask('/get/path', { method: 'HEAD' })
  expect([status, bytes.length]).toEqual([200, 0])
  expect(headers.get('content-type')).toBe('application/json')
})

test('the parts of a path are percent-decoded, to any bytes', async () => {
  const key = 'a/b c%d+e?f{g}*\n'
  expect((await ask(`/set/${encodeURIComponent(key)}/%00%ff`)).json).toEqual({ result: 'OK' })
  expect(await pair.redis.cli('STRLEN', key)).toBe('2')
  expect(await ask('/get/%zz')).toMatchObject({ status: 400, json: { error: 'ERR the path is not percent-encoded' } })
})

test('the body of a path is its last argument, and the query comes after it', async () => {
  const value = '{"a": "b c"}'
  expect((await ask('/set/document?EX=100&NX', { body: value })).json).toEqual({ result: 'OK' })
  expect((await ask('/get/document')).json).toEqual({ result: value })
  expect(await pair.redis.cli('TTL', 'document')).toBe('100')
  expect((await ask('/set/document?XX=&GET', { body: 'next' })).json).toEqual({ result: value })
})

test('the body of a path may be any bytes', async () => {
  const bytes = new Uint8Array([0, 255, 13, 10, 128])
  await ask('/set/bytes', { body: bytes })
  const { json } = await ask('/get/bytes', { headers: { 'upstash-encoding': 'base64' } })
  expect(Buffer.from(json.result, 'base64')).toEqual(Buffer.from(bytes))
})

test('what is no command is a 400 that says why', async () => {
  const faults: [string, string | unknown[], string][] = [
    ['/', '', 'ERR failed to parse the request: the body is not JSON'],
    ['/', '["GET"', 'ERR failed to parse the request: the body is not JSON'],
    ['/', '{"GET": "a"}', 'ERR a command must be a JSON array: ["GET", "key"]'],
    ['/', [], 'ERR empty command'],
    ['/', ['SET', 'a', null], 'ERR null args are not supported'],
    ['/', ['SET', 'a', { b: 1 }], 'ERR arguments must be strings, numbers or booleans'],
    ['/pipeline', [], 'ERR empty pipeline request'],
    ['/pipeline', '{}', 'ERR the body must be a JSON array of commands'],
    ['/pipeline', ['GET', 'a'], 'ERR a command must be a JSON array: ["GET", "key"]'],
    ['/multi-exec', 'nonsense', 'ERR failed to parse the request: the body is not JSON'],
  ]
  for (const [path, body, error] of faults) {
    expect(await ask(path, { body })).toMatchObject({ status: 400, json: { error } })
  }
  expect(await ask('/', { method: 'GET' })).toMatchObject({
    status: 400,
    json: { error: expect.stringMatching(/^ERR no command/) },
  })
})

test('each answer carries a sync token that is new', async () => {
  const tokens = new Set<string | null>()
  for (let i = 0; i < 3; i++) tokens.add((await run('PING')).headers.get('upstash-sync-token'))
  expect(tokens.size).toBe(3)
  expect([...tokens].every(Boolean)).toBe(true)
})

test('commands of many requests share one connection', async () => {
  await Promise.all(Array.from({ length: 50 }, (_, i) => run('SET', `many:${i}`, i)))
  expect(await pair.redis.clientCount()).toBe(1)
})
