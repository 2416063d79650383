import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Pair, startPair } from '../support/gateway.js'

/** What would stop the server, take its time, or fill the disk is not for a test that tries at random. */
const SAFE = [
  'GET',
  'SET',
  'MGET',
  'HSET',
  'EVAL',
  'SCRIPT',
  'CLIENT',
  'XREAD',
  'LRANGE',
  'BLPOP',
  'SELECT',
  'EXEC',
  'NOPE',
  '',
]

let pair: Pair
beforeAll(async () => {
  pair = await startPair()
})
afterAll(() => pair?.[Symbol.asyncDispose]())

const argument = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constant([]),
  fc.double(),
)
const command = fc
  .tuple(fc.constantFrom(...SAFE), fc.array(argument, { maxLength: 6 }))
  .map(([name, rest]) => [name, ...rest])
const body = fc.oneof(
  command.map((value) => JSON.stringify(value)),
  fc.array(command, { maxLength: 5 }).map((value) => JSON.stringify(value)),
  fc.json(),
  fc.string({ unit: 'binary' }),
)
const part = fc.string({ unit: 'binary' }).map((text) => encodeURIComponent(text))
const path = fc.oneof(
  fc.constantFrom('/', '/pipeline', '/multi-exec', '/pipeline/x', '//', '/%', '/?', '/?_token', '/set/a?EX'),
  fc
    .tuple(fc.constantFrom(...SAFE), fc.array(part, { maxLength: 4 }))
    .map(([name, parts]) => `/${[name, ...parts].join('/')}`),
)

test('whatever is sent, the answer is JSON with a result or an error, and says what it is', async () => {
  const asked = fc.asyncProperty(path, body, fc.boolean(), async (path, body, isEncoded) => {
    const headers: Record<string, string> = isEncoded ? { 'upstash-encoding': 'base64' } : {}
    const { status, json } = await pair.gateway.ask(path, { body, headers })
    expect([200, 400]).toContain(status)
    const records = Array.isArray(json) ? json : [json]
    for (const record of records) expect(['result', 'error']).toContain(Object.keys(record).join())
    if (status === 400) expect(json).toEqual({ error: expect.any(String) })
  })
  await fc.assert(asked, { numRuns: 400 })
  expect((await pair.gateway.run('ECHO', 'still here')).json).toEqual({ result: 'still here' })
  expect((await pair.gateway.run('CLIENT', 'LIST')).json.result).toContain(' db=0 ')
})
