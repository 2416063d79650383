import { createLarder } from '@larder/core'
import { expect, test } from 'vitest'
import { setUpServers } from './setup.js'

const servers = setUpServers()

test('256 cached reads of one tick are one request and one MGET', async () => {
  const { redis, proxy, open } = servers
  const { cached } = createLarder({ adapter: open() })
  const find = cached('1m', 'find', async (id: number) => ({ id }))
  const ids = Array.from({ length: 256 }, (_, id) => id)
  await Promise.all(ids.map((id) => find(id)))
  proxy.requests.length = 0
  await redis.resetStats()
  await Promise.all(ids.map((id) => find(id)))
  expect(proxy.requests.length).toBe(1)
  expect(await redis.commandStats()).toEqual({ mget: 1 })
})

test('commands of one tick go out as one request, in their order', async () => {
  const { proxy, open } = servers
  const adapter = open()
  const mixed = () =>
    Promise.all([
      adapter.getMany(['k']),
      adapter.set('k', 'one'),
      adapter.getMany(['k']),
      adapter.set('k', 'two', { ttlMs: 60_000 }),
      adapter.getMany(['k']),
      adapter.delete(['k']),
      adapter.getMany(['k']),
    ])
  const answers = [[null], true, ['one'], true, ['two'], 1, [null]]
  // The very first time, the writes are loaded before they are sent. The order holds.
  expect(await mixed()).toEqual(answers)
  expect(proxy.requests.length).toBe(2)
  expect(await mixed()).toEqual(answers)
  expect(proxy.requests.length).toBe(3)
})

test('a miss and its fill are two requests, the stamps in the second', async () => {
  const { proxy, open } = servers
  const { cached } = createLarder({ adapter: open() })
  const find = cached({ ttl: '1m', prefix: 'find', tags: () => ['a', 'b'] }, async (id: number) => ({ id }))
  await find(1)
  expect(proxy.requests.map(({ body }) => (JSON.parse(body) as string[][]).map(([name]) => name))).toEqual([
    ['MGET'],
    ['SET', 'SET', 'SET', 'SET', 'SET'],
  ])
})

test('what is too much for one request goes out in several, and the order holds', async () => {
  const { proxy, open } = servers
  const adapter = open()
  const long = 'x'.repeat(100_000)
  const writes = Array.from({ length: 30 }, (_, i) => adapter.set('k', `${i} ${long}`))
  const last = adapter.getMany(['k'])
  await Promise.all(writes)
  expect(await last).toEqual([`29 ${long}`])
  expect(proxy.requests.length).toBe(6)
  for (const { body } of proxy.requests) expect(body.length).toBeLessThan(700_000)

  proxy.requests.length = 0
  const many = Array.from({ length: 2_500 }, (_, i) => adapter.set(`k${i}`, 'v'))
  expect(await adapter.getMany(['k2499'])).toEqual(['v'])
  await Promise.all(many)
  expect(proxy.requests.length).toBe(3)
})

test('one refused command fails alone', async () => {
  const { redis, open } = servers
  const adapter = open()
  await redis.cli('LPUSH', 'list', 'item')
  const script = { name: 'get', lua: `return redis.call('GET', KEYS[1])`, step: () => null }
  const [refused, value] = await Promise.allSettled([adapter.run(script, ['list'], []), adapter.set('k', 'v')])
  expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'ERR_REPLY', reply: 'WRONGTYPE' } })
  expect(value).toEqual({ status: 'fulfilled', value: true })
})

test('a request ends when the last who waited has given up, and not before', async () => {
  const { proxy, open } = servers
  const adapter = open()
  await adapter.set('k', 'v')
  proxy.fault = { delayMs: 100 }
  const controllers = [new AbortController(), new AbortController()]
  const [first, second] = controllers.map(({ signal }) => adapter.getMany(['k'], { signal }))
  controllers[0]?.abort(new Error('mine'))
  await expect(first).rejects.toThrow('mine')
  expect(await second).toEqual(['v'])

  proxy.fault = { hang: true }
  const both = controllers.map(() => new AbortController())
  const calls = Promise.allSettled(both.map(({ signal }) => adapter.getMany(['k'], { signal })))
  await expect.poll(() => proxy.requests.length).toBe(3)
  for (const controller of both) controller.abort()
  expect((await calls).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await expect.poll(() => proxy.abandoned).toBe(1)
})

test('a caller who had given up before sends nothing', async () => {
  const { proxy, open } = servers
  const adapter = open()
  await expect(adapter.set('k', 'v', { signal: AbortSignal.abort() })).rejects.toThrow()
  expect(await adapter.getMany(['k'])).toEqual([null])
  expect(proxy.commands()).toEqual(['MGET'])
})

test('reads see the writes before them on every replica: the token of the last answer is sent back', async () => {
  const { proxy, open } = servers
  const adapter = open()
  await adapter.set('k', 'v')
  await adapter.getMany(['k'])
  const [first, second] = proxy.requests.map(({ headers }) => headers['upstash-sync-token'])
  expect([first, second]).toEqual(['', expect.stringMatching(/./)])

  const careless = open({ readYourWrites: false })
  proxy.requests.length = 0
  await careless.set('k', 'v')
  await careless.getMany(['k'])
  expect(proxy.requests.map(({ headers }) => headers['upstash-sync-token'])).toEqual([undefined, undefined])
})

test('nothing is told of the application but the commands', async () => {
  const { proxy, open } = servers
  await open().ping()
  const told = Object.keys(proxy.requests[0]?.headers ?? {}).filter((name) => name.startsWith('upstash'))
  expect(told).toEqual(['upstash-sync-token'])
})
