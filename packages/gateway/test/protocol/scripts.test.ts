import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Pair, startGateway, startPair } from '../support/gateway.js'

const FLAGGED = '#!lua flags=allow-key-locking\nreturn {KEYS[1], ARGV[1]}'
const PLAIN = 'return ARGV[1]'

let pair: Pair
beforeAll(async () => {
  pair = await startPair()
})
afterAll(() => pair?.[Symbol.asyncDispose]())
beforeEach(() => pair.redis.cli('SCRIPT', 'FLUSH'))

const run: Pair['gateway']['run'] = (...args) => pair.gateway.run(...args)
const sha1 = (text: string) => createHash('sha1').update(text).digest('hex')
const NOSCRIPT = { status: 400, json: { error: expect.stringMatching(/^NOSCRIPT /) } }

test("a script with Upstash's flag runs, which Redis by itself would refuse", async () => {
  await expect(pair.redis.cli('EVAL', FLAGGED, 1, 'k', 'v')).rejects.toThrow('Unexpected flag')
  expect((await run('EVAL', FLAGGED, 1, 'k', 'v')).json).toEqual({ result: ['k', 'v'] })
  expect((await run('EVAL_RO', FLAGGED, 1, 'k', 'v')).json).toEqual({ result: ['k', 'v'] })
})

test('after EVAL, EVALSHA hits by the hash that the client knows', async () => {
  expect(await run('EVALSHA', sha1(FLAGGED), 1, 'k', 'v')).toMatchObject(NOSCRIPT)
  await run('EVAL', FLAGGED, 1, 'k', 'v')
  await pair.redis.resetStats()
  expect((await run('EVALSHA', sha1(FLAGGED), 1, 'k', 'w')).json).toEqual({ result: ['k', 'w'] })
  expect((await run('EVALSHA', sha1(FLAGGED).toUpperCase(), 1, 'k', 'x')).json).toEqual({ result: ['k', 'x'] })
  expect(await pair.redis.commandStats()).toEqual({ evalsha: 2 })
})

test('in pipelines and transactions too', async () => {
  const body = [
    ['EVAL', FLAGGED, 1, 'k', 'a'],
    ['EVALSHA', sha1(FLAGGED), 1, 'k', 'b'],
  ]
  const results = [{ result: ['k', 'a'] }, { result: ['k', 'b'] }]
  expect((await pair.gateway.ask('/pipeline', { body })).json).toEqual(results)
  expect((await pair.gateway.ask('/multi-exec', { body })).json).toEqual(results)
})

test('SCRIPT LOAD gives the hash of what the client sent, and SCRIPT EXISTS knows it', async () => {
  expect((await run('SCRIPT', 'LOAD', FLAGGED)).json).toEqual({ result: sha1(FLAGGED) })
  expect((await run('script', 'exists', sha1(FLAGGED), sha1(PLAIN))).json).toEqual({ result: [1, 0] })
  expect((await run('EVALSHA', sha1(FLAGGED), 1, 'k', 'v')).json).toEqual({ result: ['k', 'v'] })
  const { json } = await pair.gateway.ask('/multi-exec', { body: [['SCRIPT', 'LOAD', FLAGGED]] })
  expect(json).toEqual([{ result: sha1(FLAGGED) }])
})

test('other scripts go through as they are', async () => {
  expect((await run('SCRIPT', 'LOAD', PLAIN)).json).toEqual({ result: sha1(PLAIN) })
  expect((await run('EVALSHA', sha1(PLAIN), 0, 'v')).json).toEqual({ result: 'v' })
  expect((await run('EVAL', '#!lua\nreturn 1', 0)).json).toEqual({ result: 1 })
  expect((await run('EVAL', '-- flags=allow-key-locking\nreturn 2', 0)).json).toEqual({ result: 2 })
})

test('other flags are kept', async () => {
  const script = "#!lua flags=no-writes,allow-key-locking\nreturn redis.call('SET', KEYS[1], 1)"
  expect(await run('EVAL', script, 1, 'k')).toMatchObject({
    status: 400,
    json: { error: expect.stringContaining('Write commands are not allowed from read-only scripts') },
  })
})

test('errors name the line that the client wrote', async () => {
  const script = '#!lua flags=allow-key-locking\nlocal a = 1\nreturn nope.nope'
  expect((await run('EVAL', script, 0)).json.error).toMatch(/user_script:3:/)
})

test('a gateway that has forgotten the hash says NOSCRIPT, as for one that was flushed', async () => {
  await run('EVAL', FLAGGED, 1, 'k', 'v')
  await using another = await startGateway({ redis: pair.redis.url })
  expect(await another.run('EVALSHA', sha1(FLAGGED), 1, 'k', 'v')).toMatchObject(NOSCRIPT)
  await pair.redis.cli('SCRIPT', 'FLUSH')
  expect(await run('EVALSHA', sha1(FLAGGED), 1, 'k', 'v')).toMatchObject(NOSCRIPT)
})
