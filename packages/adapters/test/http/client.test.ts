import { createLarder } from '@larder/core'
import { Redis } from '@upstash/redis'
import { describe, expect, test } from 'vitest'
import { http } from '../../src/http/index.js'
import { setUpServers, token } from './setup.js'

const servers = setUpServers()

test('nothing is made before the first call, and then once', async () => {
  const adapter = servers.open()
  const [first, second] = await Promise.all([adapter.client(), adapter.client()])
  expect(first).toBe(second)
  expect(servers.proxy.requests).toEqual([])
})

test('the client gives text as it is, and runs whatever the interface leaves out', async () => {
  const client = await servers.open().client()
  await client.set('k', '8')
  expect(await client.get('k')).toBe('8')
  expect(await client.incr('k')).toBe(9)
  expect(servers.proxy.requests.map(({ url }) => url)).toEqual(['/', '/', '/'])
})

test('the client gives a request up in time, and says so', async () => {
  const { open, proxy } = servers
  const client = await open({ requestTimeout: '100ms' }).client()
  proxy.fault = { hang: true }
  await expect(client.get('k')).rejects.toMatchObject({ name: 'TimeoutError' })
})

describe('a client of the application', () => {
  const create = () => new Redis({ url: servers.proxy.url, token })

  test('is what client() gives, is left as it is, and goes on after close()', async () => {
    const client = create()
    const adapter = http({ client })
    expect(await adapter.client()).toBe(client)
    await adapter.set('k', '"text"')
    expect(await adapter.getMany(['k'])).toEqual(['"text"'])
    await adapter.close()
    await expect(adapter.getMany(['k'])).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    // Its own settings still hold: it parses what looks like JSON.
    expect(await client.get('k')).toBe('text')
  })

  test('repeats nothing on our behalf, though it would on its own', async () => {
    const { proxy } = servers
    const { limiter } = createLarder({ adapter: http({ client: create() }) })
    const api = limiter({ prefix: 'api', limit: 10, per: '1m' })
    await api.check('k')
    proxy.requests.length = 0
    proxy.fault = { lost: true }
    expect(await api.check('k')).toMatchObject({ status: 'undecided' })
    expect(proxy.commands().filter((name) => name === 'EVALSHA')).toHaveLength(1)
  })

  test('subscribes with its own URL and token', async () => {
    const adapter = http({ client: create() })
    const heard: string[] = []
    await adapter.subscribe?.(['a'], { onMessage: (message) => heard.push(message) })
    await adapter.publish?.('a', '\ufeff"8"')
    await expect.poll(() => heard).toEqual(['\ufeff"8"'])
    await adapter.close()
  })

  test('may be one that talks in its own way, but cannot subscribe', async () => {
    const stored = new Map<string, string>()
    const answer = ([name, key, value]: string[]) => {
      if (name === 'SET') stored.set(key as string, value as string)
      return { result: name === 'SET' ? 'OK' : [stored.get(key as string) ?? null] }
    }
    const request = async ({ body }: { body?: unknown }) => (body as string[][]).map(answer)
    const adapter = http({ client: new Redis({ request } as never) })
    expect(await adapter.set('k', 'v')).toBe(true)
    expect(await adapter.getMany(['k'])).toEqual(['v'])
    await expect(adapter.subscribe?.(['a'], { onMessage() {} })).rejects.toMatchObject({ option: 'client' })
  })
})

test('half a surrogate pair, which is no text in UTF-8, becomes U+FFFD, as over TCP', async () => {
  const adapter = servers.open()
  await adapter.set('half', 'a\ud83db')
  expect(await adapter.getMany(['half'])).toEqual(['a\ufffdb'])
  expect(await adapter.deleteIf('half', 'a\ud83db')).toBe(true)
})
