import { describe, expect, test } from 'vitest'
import { resolveTcpOptions } from '../../src/tcp/options.js'

describe('the environment stands behind the options', () => {
  test('every variable', () => {
    const env = {
      REDIS_URL: 'rediss://cache.test:6380',
      REDIS_USERNAME: 'app',
      REDIS_PASSWORD: 'secret',
      REDIS_DB: '3',
      REDIS_TLS: 'true',
      REDIS_POOL_MAX: '9',
      REDIS_CONNECT_TIMEOUT: '250ms',
      REDIS_COMMAND_TIMEOUT: '3',
    }
    expect(resolveTcpOptions({}, env)).toMatchObject({
      url: 'rediss://cache.test:6380',
      redis: { username: 'app', password: 'secret', db: 3, tls: {}, connectTimeout: 250 },
      connectTimeoutMs: 250,
      stallMs: 3_000,
      pool: { max: 9 },
    })
  })

  test('options win', () => {
    const env = { REDIS_URL: 'redis://env.test', REDIS_POOL_MAX: '9', REDIS_DB: '3' }
    expect(resolveTcpOptions({ url: 'redis://own.test', pool: { max: 2 }, db: 1 }, env)).toMatchObject({
      url: 'redis://own.test',
      redis: { db: 1 },
      pool: { max: 2 },
    })
    expect(resolveTcpOptions({ host: 'own.test' }, env).url).toBeUndefined()
  })

  test('an empty variable counts as absent', () => {
    expect(resolveTcpOptions({}, { REDIS_URL: 'redis://a.test', REDIS_DB: '', REDIS_TLS: '' }).redis).toEqual({
      connectTimeout: 2_000,
    })
  })
})

describe('what is wrong is named, and never printed', () => {
  test.each([
    [{}, {}, 'url'],
    [{ url: 'http://user:secret@a.test' }, {}, 'url'],
    [{ url: 'redis://[secret' }, {}, 'url'],
    [{}, { REDIS_URL: 'cache.test secret' }, 'REDIS_URL'],
    [{}, { REDIS_URL: 'redis://a', REDIS_POOL_MAX: 'secret' }, 'REDIS_POOL_MAX'],
    [{}, { REDIS_URL: 'redis://a', REDIS_POOL_MAX: '0' }, 'REDIS_POOL_MAX'],
    [{}, { REDIS_URL: 'redis://a', REDIS_DB: '-1' }, 'REDIS_DB'],
    [{}, { REDIS_URL: 'redis://a', REDIS_TLS: 'secret' }, 'REDIS_TLS'],
    [{}, { REDIS_URL: 'redis://a', REDIS_CONNECT_TIMEOUT: '0' }, 'REDIS_CONNECT_TIMEOUT'],
    [{ url: 'redis://a', connectTimeout: 0 }, {}, 'connectTimeout'],
    [{ url: 'redis://a', commandTimeout: -1 }, {}, 'commandTimeout'],
    [{ url: 'redis://a', pool: { max: 1.5 } }, {}, 'pool.max'],
    [{ url: 'redis://a', pool: { maxWaiting: -1 } }, {}, 'pool.maxWaiting'],
    [{ url: 'redis://a', pool: { idleTimeout: '5 minutes' as never } }, {}, 'pool.idleTimeout'],
    [{ url: 'redis://a', db: 0.5 }, {}, 'db'],
    [{ cluster: [{ host: 'a' }], db: 1 }, {}, 'db'],
    [{ sentinels: [{ host: 'a' }] }, {}, 'name'],
    [{ host: 'a', port: 'x' as never }, {}, 'port'],
    [{ host: 'a', port: 99_999 }, {}, 'port'],
    [{ cluster: [] }, {}, 'cluster'],
    [{ cluster: 'redis://a' as never }, {}, 'cluster'],
    [{ cluster: [{ host: 'a', port: 0 }] }, {}, 'cluster'],
    [{ client: {} as never }, {}, 'client'],
  ])('%o with %o: %s', (options, env, option) => {
    let error: { name?: string; option?: string; message?: string } = {}
    try {
      resolveTcpOptions(options, env)
    } catch (thrown) {
      error = thrown as typeof error
    }
    expect(error).toMatchObject({ name: 'UsageError', option })
    expect(error.message).not.toContain('secret')
  })
})
