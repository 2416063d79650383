import { inspect } from 'node:util'
import { isLarderError } from '@larder/core'
import { Redis } from '@upstash/redis'
import { describe, expect, test } from 'vitest'
import { findCredentials } from '../../src/http/credentials.js'
import { type HttpOptions, http } from '../../src/http/index.js'
import { http as httpOnWorkers } from '../../src/http/workerd.js'

const url = 'https://own.test'

describe('the environment stands behind the options', () => {
  const upstash = { UPSTASH_REDIS_REST_URL: 'https://one.upstash.io', UPSTASH_REDIS_REST_TOKEN: 'first' }
  const vercel = { KV_REST_API_URL: 'https://two.upstash.io', KV_REST_API_TOKEN: 'second' }

  test('by the names of Upstash, else by those of Vercel', () => {
    expect(findCredentials({ env: { ...vercel, ...upstash } })).toEqual({
      url: 'https://one.upstash.io',
      token: 'first',
      tokenFrom: 'UPSTASH_REDIS_REST_TOKEN',
    })
    expect(findCredentials({ env: vercel })).toMatchObject({ url: 'https://two.upstash.io', token: 'second' })
  })

  test('a token goes with its own URL only', () => {
    const env = { ...vercel, UPSTASH_REDIS_REST_TOKEN: 'first' }
    expect(findCredentials({ env })).toMatchObject({ url: 'https://two.upstash.io', token: 'second' })
    expect(() => findCredentials({ env: { ...vercel, UPSTASH_REDIS_REST_URL: url } })).toThrow(
      'UPSTASH_REDIS_REST_TOKEN',
    )
  })

  test('options win', () => {
    expect(findCredentials({ url, token: 'own', env: upstash })).toEqual({ url, token: 'own', tokenFrom: 'token' })
    expect(findCredentials({ url, env: upstash })).toMatchObject({ url, token: 'first' })
    expect(findCredentials({ token: 'own', env: upstash })).toMatchObject({
      url: 'https://one.upstash.io',
      token: 'own',
    })
  })

  test('an empty variable counts as absent', () => {
    expect(findCredentials({ env: { ...vercel, UPSTASH_REDIS_REST_URL: '' } })).toMatchObject({ token: 'second' })
  })

  test('a function gives it, and is not called before the first call', async () => {
    let asked = 0
    const env = () => {
      asked++
      return { ...upstash, UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:1' }
    }
    const adapter = http({ env })
    expect(asked).toBe(0)
    await expect(adapter.getMany(['a'])).rejects.toThrow()
    expect(asked).toBe(1)
  })

  test('what was missing at the first call may be there at the second', async () => {
    const env: Record<string, string> = {}
    const adapter = http({ env })
    await expect(adapter.getMany(['a'])).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option: 'url' })
    Object.assign(env, upstash, { UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:1' })
    await expect(adapter.getMany(['a'])).rejects.toThrow('fetch failed')
  })
})

describe('what is wrong is named, and never printed', () => {
  const refused: [HttpOptions, string][] = [
    [{ url: 'redis://user:secret@a.test', token: 't' }, 'url'],
    [{ url: 'https://user:secret@a.test', token: 't' }, 'url'],
    [{ url: 'https://secret .test', token: 't' }, 'url'],
    [{ url: 'https://a.test?token=secret', token: 't' }, 'url'],
    [{ url, token: 'secret\n' }, 'token'],
    [{ url, token: '' }, 'token'],
    [{ url, token: 'secret', requestTimeout: 0 }, 'requestTimeout'],
    [{ url, token: 'secret', requestTimeout: -1 }, 'requestTimeout'],
    [{ client: {} as never }, 'client'],
  ]
  test.each(refused)('%j where http() is called, on Workers at the first call', async (options, option) => {
    const reject = async () => httpOnWorkers(options).getMany(['a'])
    for (const act of [async () => http(options), reject]) {
      const error: unknown = await act().catch((reason: unknown) => reason)
      expect(isLarderError(error) && error).toMatchObject({ option })
      expect((error as Error).message).toContain(`\`${option}\``)
      expect((error as Error).message).not.toContain('secret')
    }
  })

  const missing: [object, string][] = [
    [{}, 'url'],
    [{ UPSTASH_REDIS_REST_URL: 'redis://secret' }, 'token'],
    [{ UPSTASH_REDIS_REST_URL: 'redis://secret', UPSTASH_REDIS_REST_TOKEN: 't' }, 'UPSTASH_REDIS_REST_URL'],
    [{ UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: 'secret token' }, 'UPSTASH_REDIS_REST_TOKEN'],
    [{ KV_REST_API_URL: 'secret', KV_REST_API_TOKEN: 't' }, 'KV_REST_API_URL'],
    [{ KV_REST_API_URL: url }, 'token'],
  ]
  test.each(missing)('%j at the first call', async (env, option) => {
    const error: unknown = await http({ env })
      .getMany(['a'])
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'UsageError', code: 'ERR_INVALID_OPTION', option })
    expect((error as Error).message).not.toContain('secret')
  })

  test('a client whose token no header can hold: `fetch` would print it', async () => {
    const adapter = http({ client: new Redis({ url, token: 'a-secret\nof-two-lines' }) })
    for (const act of [() => adapter.getMany(['a']), async () => adapter.subscribe?.(['a'], { onMessage() {} })]) {
      const error: unknown = await act().catch((reason: unknown) => reason)
      expect(error).toMatchObject({ name: 'UsageError', code: 'ERR_INVALID_OPTION', option: 'client' })
      expect(inspect(error)).not.toContain('secret')
    }
  })
})
