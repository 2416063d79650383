import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { tcp } from '../../src/tcp/index.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { startProxy } from '../support/tcp-proxy.js'
import { waitUntil } from '../support/wait-until.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

function open(url = redis.url) {
  const adapter = tcp({ url })
  onTestFinished(() => adapter.close())
  return adapter
}

function injected(url: string): Redis {
  const client = new Redis(url)
  onTestFinished(() => client.disconnect())
  return client
}

test('comes back by itself after a restart of the server, and says that messages were missed', async () => {
  const adapter = open()
  const messages: string[] = []
  let disconnects = 0
  let reconnects = 0
  const listener = {
    onMessage: (message: string, channel: string) => messages.push(`${channel} ${message}`),
    onDisconnect: () => {
      disconnects += 1
    },
    onReconnect: () => {
      reconnects += 1
    },
  }
  await adapter.subscribe(['a'], listener)
  await adapter.subscribe({ patterns: ['b*'] }, listener)
  await redis.restart()
  await waitUntil('messages arrive again', async () => {
    await adapter.publish('a', 'hello').catch(() => {})
    await adapter.publish('b1', 'hello').catch(() => {})
    return messages.includes('a hello') && messages.includes('b1 hello')
  })
  expect(disconnects).toBeGreaterThan(0)
  // Once for each of the two, and not for attempts that came to nothing.
  await expect.poll(() => reconnects).toBe(2)
})

test('says that messages arrive again only when they do', async () => {
  const adapter = open()
  const heard: string[] = []
  for (let round = 1; round <= 3; round++) {
    const told = new Promise<void>((resolve, reject) => {
      adapter
        .subscribe([`round ${round}`], {
          onMessage: (message) => heard.push(message),
          onReconnect: resolve,
        })
        .then(() => redis.restart(), reject)
    })
    await told
    await adapter.publish(`round ${round}`, `${round}`).catch(() => adapter.publish(`round ${round}`, `${round}`))
    await expect.poll(() => heard).toContain(`${round}`)
  }
})

test('a subscription made while the last other one ends is alive', async () => {
  const adapter = open()
  const messages: string[] = []
  const first = await adapter.subscribe(['a'], { onMessage() {} })
  const second = adapter.subscribe(['b'], { onMessage: (message) => messages.push(message) })
  await first.unsubscribe()
  await second
  await adapter.publish('b', 'hello')
  await expect.poll(() => messages).toEqual(['hello'])
})

test('one that fails leaves nobody behind who goes on trying', async () => {
  await using proxy = await startProxy(redis)
  await proxy.refuse()
  const adapter = open(`redis://127.0.0.1:${proxy.port}`)
  for (let i = 0; i < 3; i++) await expect(adapter.subscribe(['a'], { onMessage() {} })).rejects.toThrow()
  await proxy.refuse(false)
  await new Promise((resolve) => setTimeout(resolve, 400))
  expect(proxy.connections.opened).toBe(0)
})

test.each([
  ['its own client', (url: string) => tcp({ url })],
  ['a client of the application', (url: string) => tcp({ client: injected(url) })],
])('a subscription that is refused when it comes back is told when it is allowed again; by %s', async (_, make) => {
  await redis.cli('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', '&*', '+@all')
  const adapter = make(redis.url.replace('//', '//reader:secret@'))
  onTestFinished(() => adapter.close())
  const heard: string[] = []
  const told: string[] = []
  const listener = (name: string) => ({
    onMessage: (message: string) => heard.push(`${name} ${message}`),
    onDisconnect: () => told.push(`${name} lost`),
    onReconnect: () => told.push(`${name} back`),
  })
  await adapter.subscribe(['news'], listener('news'))
  await adapter.subscribe(['weather'], listener('weather'))
  const unhandled: unknown[] = []
  const onUnhandled = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', onUnhandled)
  onTestFinished(() => void process.off('unhandledRejection', onUnhandled))
  // Redis itself cuts off who listens to what is no longer allowed.
  await redis.cli('ACL', 'SETUSER', 'reader', 'resetchannels', '&weather')
  await expect.poll(() => told).toContain('weather back')
  await redis.cli('PUBLISH', 'weather', 'fine')
  await expect.poll(() => heard).toContain('weather fine')
  expect(told).toContain('news lost')
  expect(told).not.toContain('news back')
  await redis.cli('ACL', 'SETUSER', 'reader', 'allchannels')
  await expect.poll(() => told, { timeout: 10_000 }).toContain('news back')
  await redis.cli('PUBLISH', 'news', 'good')
  await expect.poll(() => heard).toContain('news good')
  expect(unhandled).toEqual([])
})
