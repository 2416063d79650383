import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { startRedis } from '../../adapters/test/support/redis-server.js'
import { waitUntil } from '../../adapters/test/support/wait-until.js'
import { createGateway } from '../src/index.js'
import { startGateway, startPair } from './support/gateway.js'

const NOWHERE = 'redis://127.0.0.1:1'

test('it listens whether or not Redis is there, on loopback only', async () => {
  await using gateway = await createGateway({ redis: NOWHERE, port: 0 })
  expect(gateway.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect([gateway.isLoopback, gateway.redis]).toEqual([true, NOWHERE])
  await expect(gateway.ping()).rejects.toThrow('cannot connect to redis://127.0.0.1:1')
})

test('an address that is open to the network is told as such, and its URL works from here', async () => {
  const hasIPv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ family }) => family === 'IPv6'))
  for (const host of hasIPv6 ? ['0.0.0.0', '::'] : ['0.0.0.0']) {
    await using gateway = await createGateway({ redis: NOWHERE, host, port: 0 })
    expect(gateway.isLoopback).toBe(false)
    expect(gateway.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect((await fetch(gateway.url)).status).toBe(401)
  }
  if (!hasIPv6) return
  await using six = await createGateway({ redis: NOWHERE, host: '::1', port: 0 })
  expect([six.isLoopback, six.url]).toEqual([true, expect.stringMatching(/^http:\/\/\[::1\]:\d+$/)])
  expect((await fetch(six.url)).status).toBe(401)
})

test('a port that is taken, or a host that is not ours, is a UsageError with the cause', async () => {
  await using gateway = await createGateway({ redis: NOWHERE, port: 0 })
  const port = Number(new URL(gateway.url).port)
  await expect(createGateway({ redis: NOWHERE, port })).rejects.toMatchObject({
    name: 'UsageError',
    option: 'port',
    message: `\`port\` ${port}: 127.0.0.1:${port} is taken; choose another, or 0 for a free one`,
    cause: { code: 'EADDRINUSE' },
  })
  await expect(createGateway({ redis: NOWHERE, host: '192.0.2.1' })).rejects.toMatchObject({ option: 'host' })
})

test('nothing is opened before it is needed', async () => {
  await using pair = await startPair()
  await pair.gateway.ask('/', { body: 'nonsense' })
  expect(await pair.redis.clientCount()).toBe(0)
  await Promise.all(Array.from({ length: 20 }, () => pair.gateway.run('PING')))
  expect(await pair.redis.clientCount()).toBe(1)
  expect(await pair.gateway.ping()).toBeGreaterThan(0)
})

test('a database and a user of the URL are those it works with', async () => {
  await using redis = await startRedis({ password: 'p@ss word' })
  await redis.cli('ACL', 'SETUSER', 'reader', 'on', '>s3cret', '~*', '+get', '+select')
  await using gateway = await startGateway({ redis: `${redis.url}/3` })
  await gateway.run('SET', 'a', 1)
  expect(await redis.cli('INFO', 'keyspace')).toContain('db3:keys=1')
  await using reader = await startGateway({ redis: `redis://reader:s3cret@127.0.0.1:${redis.port}/3` })
  expect((await reader.run('GET', 'a')).json).toEqual({ result: '1' })
  expect(await reader.run('SET', 'a', 2)).toMatchObject({
    status: 400,
    json: { error: expect.stringMatching(/^NOPERM/) },
  })
})

test('close waits for requests under way, refuses others, and closes all connections; twice is once', async () => {
  await using pair = await startPair({}, { args: ['--lua-time-limit', '20'] })
  const asked = pair.gateway.run('EVAL', 'while true do end', 0)
  const busy = (error: Error) => error.message.startsWith('BUSY')
  await waitUntil('Redis is at it', () => pair.redis.cli('GET', 'a').then(() => false, busy))
  const idle = connect(Number(new URL(pair.gateway.url).port), '127.0.0.1')
  idle.on('error', () => {}) // it is closed while it waits
  await new Promise((resolve) => idle.once('connect', resolve))
  const closing = Promise.all([pair.gateway.close(), pair.gateway.close()])
  await expect(fetch(pair.gateway.url)).rejects.toThrow()
  await pair.redis.cli('SCRIPT', 'KILL')
  expect((await asked).json.error).toContain('Script killed by user')
  await closing
  expect(await pair.redis.clientCount()).toBe(0)
})

test('the log has names of commands, never keys, values or the token', async () => {
  await using redis = await startRedis()
  const lines: string[] = []
  await using gateway = await startGateway({ redis: redis.url, token: 'secret', log: (line) => lines.push(line) })
  await gateway.run('SET', 'secret', 'secret')
  await gateway.ask('/set/secret/secret')
  await gateway.ask('/secret%20/x', { headers: { authorization: 'Bearer wrong' } })
  await gateway.run('SECRET\nNAME', 'x')
  await gateway.ask('/pipeline', { body: Array.from({ length: 11 }, () => ['GET', 'secret']) })
  await gateway.ask('/multi-exec', {
    body: [
      ['INCR', 'n'],
      ['GET', 'secret'],
    ],
  })
  expect(lines.map((line) => line.replace(/[\d.]+ ms$/, 'ms'))).toEqual([
    'POST / SET 200 ms',
    'POST / SET 200 ms',
    'POST 401 ms',
    'POST / ? 400 ms',
    'POST /pipeline GET GET GET GET GET GET GET GET and 3 more 200 ms',
    'POST /multi-exec INCR GET 200 ms',
  ])
})
