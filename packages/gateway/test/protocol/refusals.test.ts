import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Pair, startPair } from '../support/gateway.js'

let pair: Pair
beforeAll(async () => {
  pair = await startPair()
  await pair.gateway.run('SET', 'mine', 'untouched')
})
afterAll(() => pair?.[Symbol.asyncDispose]())

const REFUSED: Record<string, string[][]> = {
  'transactions, which are a request of their own': [['MULTI'], ['EXEC'], ['DISCARD'], ['WATCH', 'a'], ['UNWATCH']],
  'what changes the connection': [
    ['SELECT', '1'],
    ['AUTH', 'x'],
    ['HELLO', '3'],
    ['RESET'],
    ['QUIT'],
    ['ASKING'],
    ['READONLY'],
    ['READWRITE'],
    ['CLIENT', 'REPLY', 'OFF'],
    ['client', 'reply', 'skip'],
    ['CLIENT', 'TRACKING', 'ON'],
    ['CLIENT', 'SETNAME', 'x'],
    ['CLIENT', 'NO-EVICT', 'ON'],
    ['CLIENT', 'PAUSE', '60000'],
    ['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no'],
    ['SCRIPT', 'DEBUG', 'YES'],
  ],
  'what blocks': [
    ['BLPOP', 'l', '0'],
    ['BRPOP', 'l', '0'],
    ['BRPOPLPUSH', 'l', 'm', '0'],
    ['BLMOVE', 'l', 'm', 'LEFT', 'LEFT', '0'],
    ['BLMPOP', '0', '1', 'l', 'LEFT'],
    ['BZPOPMIN', 'z', '0'],
    ['BZPOPMAX', 'z', '0'],
    ['BZMPOP', '0', '1', 'z', 'MIN'],
    ['WAIT', '1', '0'],
    ['XREAD', 'BLOCK', '0', 'STREAMS', 's', '$'],
    ['xread', 'count', '1', 'block', '0', 'streams', 's', '$'],
    ['XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', '0', 'STREAMS', 's', '>'],
    ['XREADGROUP', 'GROUP', 'g', 'STREAMS', 'BLOCK', '0', 'STREAMS', 's', '>'],
  ],
  'subscriptions, which are event streams': [
    ['SUBSCRIBE', 'c'],
    ['PSUBSCRIBE', 'c*'],
    ['SSUBSCRIBE', 'c'],
    ['UNSUBSCRIBE'],
    ['MONITOR'],
  ],
  'what is for servers': [
    ['SYNC'],
    ['PSYNC', '?', '-1'],
    ['REPLICAOF', 'h', '1'],
    ['SHUTDOWN', 'NOSAVE'],
    ['DEBUG', 'SLEEP', '9'],
  ],
}

for (const [what, commands] of Object.entries(REFUSED)) {
  test(`refuses ${what}, and says so`, async () => {
    for (const command of commands) {
      const { status, json } = await pair.gateway.run(...command)
      expect([command, status]).toEqual([command, 400])
      const name = command[0]?.toUpperCase()
      expect(json.error).toMatch(new RegExp(`^ERR Command is not available: '${name}'; `))
    }
  })
}

test('says where to go instead', async () => {
  expect((await pair.gateway.run('SUBSCRIBE', 'c')).json.error).toContain('POST /subscribe/<channel>')
  expect((await pair.gateway.run('MULTI')).json.error).toContain('POST /multi-exec')
})

test('refuses one command of a pipeline and runs the others', async () => {
  const { json } = await pair.gateway.ask('/pipeline', {
    body: [
      ['GET', 'mine'],
      ['SELECT', 1],
      ['BLPOP', 'l', 0],
      ['GET', 'mine'],
    ],
  })
  expect(json).toEqual([
    { result: 'untouched' },
    { error: expect.stringMatching(/^ERR Command is not available: 'SELECT'/) },
    { error: expect.stringMatching(/^ERR Command is not available: 'BLPOP'/) },
    { result: 'untouched' },
  ])
})

test('a pipeline of refused commands only does not ask Redis', async () => {
  await pair.redis.resetStats()
  const { status, json } = await pair.gateway.ask('/pipeline', { body: [['SELECT', 1], ['QUIT']] })
  expect([status, json.length]).toEqual([200, 2])
  expect(await pair.redis.commandStats()).toEqual({})
})

test('reads of streams that do not wait are welcome, also of one that is named BLOCK', async () => {
  await pair.gateway.run('XADD', 'BLOCK', '1-1', 'a', '1')
  expect((await pair.gateway.run('XREAD', 'COUNT', 1, 'STREAMS', 'BLOCK', 0)).json).toEqual({
    result: [['BLOCK', [['1-1', ['a', '1']]]]],
  })
  await pair.gateway.run('XGROUP', 'CREATE', 'BLOCK', 'BLOCK', '$')
  expect((await pair.gateway.run('XREADGROUP', 'GROUP', 'BLOCK', 'c', 'STREAMS', 'BLOCK', '>')).json).toEqual({
    result: null,
  })
})

test('what only looks at clients and scripts is welcome', async () => {
  expect((await pair.gateway.run('CLIENT', 'ID')).status).toBe(200)
  expect((await pair.gateway.run('SCRIPT', 'FLUSH')).status).toBe(200)
})

test('after all that the connection is as it was', async () => {
  expect((await pair.gateway.run('GET', 'mine')).json).toEqual({ result: 'untouched' })
  expect(await pair.redis.clientCount()).toBe(1)
})
