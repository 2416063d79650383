import Keyv from 'keyv'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HttpAdapter, http } from '../../src/http/index.js'
import { toKeyv } from '../../src/keyv/index.js'
import { setUpServers, token } from '../http/setup.js'
import { refuseUnhandledRejections } from '../support/unhandled-rejections.js'
import { waitUntil } from '../support/wait-until.js'
import { awkward, passesTheSuiteOfKeyv } from './suite.js'

const servers = setUpServers()

refuseUnhandledRejections()

describe('over HTTP', () => {
  let adapter: HttpAdapter
  beforeAll(() => {
    adapter = http({ url: servers.gateway.url, token })
  })
  afterAll(() => adapter.close())

  passesTheSuiteOfKeyv(() => adapter)
})

test('text comes back character for character', async () => {
  const store = toKeyv(servers.open())
  for (const text of awkward) await store.set(text, text)
  expect(await store.getMany(awkward)).toEqual(awkward)
})

test('setMany is one request', async () => {
  const keyv = new Keyv({ store: toKeyv(servers.open()) })
  await keyv.get('connect')
  servers.proxy.requests.length = 0
  const entries = Array.from({ length: 50 }, (_, i) => ({ key: `${i}`, value: i }))
  expect(await keyv.setMany(entries)).toEqual(entries.map(() => true))
  expect(servers.proxy.requests).toHaveLength(1)
  expect(await keyv.getMany(entries.map(({ key }) => key))).toEqual(entries.map(({ value }) => value))
})

test('a Redis that hangs behind its gateway is waited for one budget, 1 s, and used again when it goes on', async () => {
  const keyv = new Keyv({ store: toKeyv(servers.open()) })
  const errors: unknown[] = []
  keyv.on('error', (error: unknown) => errors.push(error))
  await keyv.set('a', 1)
  servers.redis.pause()
  try {
    const startedMs = performance.now()
    const answers = [
      keyv.get('a'),
      keyv.getMany(['a']),
      keyv.has('a'),
      keyv.set('a', 2),
      keyv.delete('a'),
      keyv.clear(),
    ]
    expect(await Promise.all(answers)).toEqual([undefined, [undefined], false, false, false, undefined])
    const durationMs = performance.now() - startedMs
    expect(durationMs).toBeGreaterThan(900)
    expect(durationMs).toBeLessThan(1_900)
  } finally {
    servers.redis.resume()
  }
  expect(errors).toHaveLength(6)
  for (const error of errors) expect(error).toMatchObject({ code: 'ERR_STORE', adapter: 'http', reason: 'timeout' })
  await waitUntil('a value is stored and found', async () => (await keyv.set('b', 4)) && (await keyv.get('b')) === 4)
})
