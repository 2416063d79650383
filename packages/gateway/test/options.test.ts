import { UsageError } from '@larder/core'
import { expect, test } from 'vitest'
import { type GatewayOptions, resolveGatewayOptions } from '../src/options.js'

test('without options and variables it serves the local Redis on loopback, with a token of its own', () => {
  const { target, host, port, token } = resolveGatewayOptions({}, {})
  expect(target).toMatchObject({ host: '127.0.0.1', port: 6379, db: 0, tls: false, label: 'redis://127.0.0.1:6379' })
  expect([host, port]).toEqual(['127.0.0.1', 8079])
  expect(token).toMatch(/^[\w-]{32}$/)
  expect(resolveGatewayOptions({}, {}).token).not.toBe(token)
})

test('variables stand for options, and options win', () => {
  const env = {
    REDIS_URL: 'rediss://app:p%40ss@cache.internal/2',
    LARDER_GATEWAY_HOST: '::1',
    LARDER_GATEWAY_PORT: '9000',
    LARDER_GATEWAY_TOKEN: 'from-env',
  }
  expect(resolveGatewayOptions({}, env)).toMatchObject({
    target: {
      host: 'cache.internal',
      port: 6379,
      tls: true,
      username: 'app',
      password: 'p@ss',
      db: 2,
      label: 'rediss://cache.internal:6379/2',
    },
    host: '::1',
    port: 9000,
    token: 'from-env',
  })
  expect(resolveGatewayOptions({ redis: 'redis://[::1]:7000', port: 0, token: 'mine' }, env)).toMatchObject({
    target: { host: '::1', port: 7000 },
    port: 0,
    token: 'mine',
  })
  expect(resolveGatewayOptions({}, { REDIS_URL: '', LARDER_GATEWAY_PORT: '' })).toMatchObject({ port: 8079 })
})

const wrong: [GatewayOptions, Record<string, string>, string][] = [
  [{ redis: 'localhost:6379' }, {}, 'redis'],
  [{ redis: 'http://localhost' }, {}, 'redis'],
  [{ redis: 'redis://localhost/name' }, {}, 'redis'],
  [{ redis: 'redis://:%zz@localhost' }, {}, 'redis'],
  [{}, { REDIS_URL: 'secret@nonsense' }, 'REDIS_URL'],
  [{ host: '' }, {}, 'host'],
  [{ port: -1 }, {}, 'port'],
  [{ port: 65_536 }, {}, 'port'],
  [{ port: 1.5 }, {}, 'port'],
  [{}, { LARDER_GATEWAY_PORT: 'http' }, 'LARDER_GATEWAY_PORT'],
  [{ token: '' }, {}, 'token'],
  [{ token: 'with blank' }, {}, 'token'],
  [{ token: 'ümlaut' }, {}, 'token'],
  [{}, { LARDER_GATEWAY_TOKEN: 'a b' }, 'LARDER_GATEWAY_TOKEN'],
  [{ log: true as never }, {}, 'log'],
  [{ maxBodyBytes: 0 }, {}, 'maxBodyBytes'],
  [{ maxConcurrent: 0 }, {}, 'maxConcurrent'],
  [{ maxWaiting: -1 }, {}, 'maxWaiting'],
  [{ maxTransactions: Number.NaN }, {}, 'maxTransactions'],
  [{ maxStreams: 0.5 }, {}, 'maxStreams'],
  [{ connectTimeout: 0 }, {}, 'connectTimeout'],
  [{ commandTimeout: 'soon' as never }, {}, 'commandTimeout'],
  [{ heartbeat: 0 }, {}, 'heartbeat'],
]

test.for(wrong)('%j with %j is a UsageError that names %s, and never the value of a secret', ([options, env, name]) => {
  let error: unknown
  try {
    resolveGatewayOptions(options, env)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(UsageError)
  expect(error).toMatchObject({ option: name, message: expect.stringContaining(name) })
  expect((error as Error).message).not.toContain('secret')
})
