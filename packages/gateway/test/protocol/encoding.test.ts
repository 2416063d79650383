import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Pair, startPair } from '../support/gateway.js'

let pair: Pair
beforeAll(async () => {
  pair = await startPair()
  await pair.gateway.ask('/pipeline', {
    body: [
      ['SET', 'ok', 'OK'],
      ['SET', 'text', 'bär 😀'],
      ['SET', 'number', '8'],
      ['HSET', 'hash', 'field', 'value'],
      ['RPUSH', 'list', 'OK', 'b'],
    ],
  })
})
afterAll(() => pair?.[Symbol.asyncDispose]())

const base64 = (text: string) => Buffer.from(text).toString('base64')
const encoded = { 'upstash-encoding': 'base64' }
const ask: Pair['gateway']['ask'] = (path, call) =>
  pair.gateway.ask(path, { ...call, headers: { ...encoded, ...call?.headers } })
const run = async (...body: unknown[]) => (await ask('/', { body })).json

test('all strings are base64 on request, the status OK excepted', async () => {
  expect(await run('SET', 'a', 'b')).toEqual({ result: 'OK' })
  expect(await run('GET', 'text')).toEqual({ result: base64('bär 😀') })
  expect(await run('PING')).toEqual({ result: base64('PONG') })
  expect(await run('TYPE', 'list')).toEqual({ result: base64('list') })
  expect(await run('GET', 'nothing')).toEqual({ result: null })
  expect(await run('LLEN', 'list')).toEqual({ result: 2 })
  expect(await run('GET', 'number')).toEqual({ result: base64('8') })
})

test('a value that reads OK is a value', async () => {
  expect(await run('GET', 'ok')).toEqual({ result: 'T0s=' })
  expect(await run('LRANGE', 'list', 0, -1)).toEqual({ result: ['T0s=', base64('b')] })
})

test('strings are encoded however deep they are, even a status OK', async () => {
  const lua = "return {redis.status_reply('OK'), {'OK', {7, {false, 'deep'}}}}"
  expect(await run('EVAL', lua, 0)).toEqual({ result: ['T0s=', ['T0s=', [7, [null, base64('deep')]]]] })
})

test('errors stay text', async () => {
  expect(await run('INCR', 'text')).toEqual({ error: 'ERR value is not an integer or out of range' })
  expect(
    (
      await ask('/pipeline', {
        body: [
          ['INCR', 'text'],
          ['GET', 'ok'],
          ['SET', 'a', 1],
        ],
      })
    ).json,
  ).toEqual([{ error: 'ERR value is not an integer or out of range' }, { result: 'T0s=' }, { result: 'OK' }])
})

test('transactions are encoded like all else', async () => {
  expect(
    (
      await ask('/multi-exec', {
        body: [
          ['GET', 'ok'],
          ['SET', 'a', 1],
          ['HGETALL', 'hash'],
        ],
      })
    ).json,
  ).toEqual([{ result: 'T0s=' }, { result: 'OK' }, { result: [base64('field'), base64('value')] }])
})

test('bytes that are no text survive in base64, and are replaced without', async () => {
  await run('SETBIT', 'bits', 0, 1)
  expect(await run('GET', 'bits')).toEqual({ result: Buffer.from([128]).toString('base64') })
  expect((await pair.gateway.run('GET', 'bits')).json).toEqual({ result: '\ufffd' })
})

test('replies are those of Redis, byte by byte, where RESP2 is asked for', async () => {
  const resp2 = async (path: string, body?: unknown[]) => {
    const { status, headers, bytes } = await pair.gateway.ask(path, {
      headers: { 'upstash-response-format': 'resp2' },
      ...(body && { body }),
    })
    expect(headers.get('content-type')).toBe('application/octet-stream')
    return [status, bytes.toString()]
  }
  expect(await resp2('/set/a/b')).toEqual([200, '+OK\r\n'])
  expect(await resp2('/get/text')).toEqual([200, '$9\r\nbär 😀\r\n'])
  expect(await resp2('/get/nothing')).toEqual([200, '$-1\r\n'])
  expect(await resp2('/lrange/list/0/-1')).toEqual([200, '*2\r\n$2\r\nOK\r\n$1\r\nb\r\n'])
  expect(await resp2('/incr/text')).toEqual([400, '-ERR value is not an integer or out of range\r\n'])
  expect(
    await resp2('/pipeline', [
      ['LLEN', 'list'],
      ['INCR', 'text'],
      ['GET', 'ok'],
    ]),
  ).toEqual([200, ':2\r\n-ERR value is not an integer or out of range\r\n$2\r\nOK\r\n'])
})

test('transactions answer in JSON whatever is asked for', async () => {
  const headers = { 'upstash-response-format': 'resp2' }
  const { json } = await pair.gateway.ask('/multi-exec', { body: [['GET', 'ok']], headers })
  expect(json).toEqual([{ result: 'OK' }])
})

test('another format is a 400, and so is base64 in RESP2', async () => {
  expect(await ask('/ping', { headers: { 'upstash-response-format': 'xml' } })).toMatchObject({
    status: 400,
    json: { error: 'ERR Upstash-Response-Format must be json or resp2' },
  })
  expect((await ask('/ping', { headers: { 'upstash-response-format': 'resp2' } })).status).toBe(400)
})
