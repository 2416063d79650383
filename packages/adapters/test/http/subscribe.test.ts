import { expect, onTestFinished, test } from 'vitest'
import { http } from '../../src/http/index.js'
import { http as httpOnWorkers } from '../../src/http/workerd.js'
import { waitUntil } from '../support/wait-until.js'
import { startGatewayProcess } from './gateway-process.js'
import { setUpServers, token } from './setup.js'

const servers = setUpServers()

/** A listener that keeps what it hears. */
function recorder() {
  const heard: string[] = []
  const state = { heard, disconnects: 0, reconnects: 0 }
  return {
    state,
    onMessage: (message: string, channel: string) => heard.push(`${channel} ${message}`),
    onDisconnect: () => {
      state.disconnects += 1
    },
    onReconnect: () => {
      state.reconnects += 1
    },
  }
}

test('comes back by itself after a restart of the gateway, and says that messages were missed', async () => {
  await using gateway = await startGatewayProcess(servers.redis.url, token)
  const adapter = servers.open({ url: gateway.url })
  const listener = recorder()
  await adapter.subscribe?.(['a'], listener)
  await adapter.subscribe?.({ patterns: ['b*'] }, listener)
  await gateway.restart()
  await waitUntil('messages arrive again', async () => {
    await adapter.publish?.('a', 'hello').catch(() => {})
    await adapter.publish?.('b1', 'hello').catch(() => {})
    return listener.state.heard.includes('a hello') && listener.state.heard.includes('b1 hello')
  })
  expect(listener.state).toMatchObject({ disconnects: 2, reconnects: 2 })
})

test('a connection that is cut costs the messages in between, and no more', async () => {
  const { open, proxy } = servers
  const adapter = open()
  const listener = recorder()
  const subscription = await adapter.subscribe?.(['news'], listener)
  await adapter.publish?.('news', 'before')
  await expect.poll(() => listener.state.heard).toEqual(['news before'])
  proxy.cut()
  await expect.poll(() => listener.state.disconnects).toBe(1)
  await expect.poll(() => listener.state.reconnects).toBe(1)
  expect(await adapter.publish?.('news', 'after')).toBe(1)
  await expect.poll(() => listener.state.heard).toEqual(['news before', 'news after'])
  await subscription?.unsubscribe()
  await waitUntil('nobody listens', async () => (await adapter.publish?.('news', 'late')) === 0)
})

test('one that cannot begin rejects, and leaves nobody behind who goes on trying', async () => {
  const { open, proxy } = servers
  const refused = open({ token: 'wrong' })
  await expect(refused.subscribe?.(['a'], recorder())).rejects.toMatchObject({ reply: 'WRONGPASS' })
  proxy.fault = { status: 502, type: 'text/html', body: '<html>' }
  await expect(open().subscribe?.(['a'], recorder())).rejects.toMatchObject({ code: 'ERR_STORE' })
  proxy.fault = { hang: true }
  await expect(open({ requestTimeout: '100ms' }).subscribe?.(['a'], recorder())).rejects.toThrow('too long')
  const sent = proxy.requests.length
  await new Promise((resolve) => setTimeout(resolve, 400))
  expect(proxy.requests.length).toBe(sent)
})

test('names with slashes, spaces, commas and percent signs are taken literally', async () => {
  const adapter = servers.open()
  const names = ['a/b', 'a b', 'a,b', '100%', 'a?b#c', 'ключ']
  const listener = recorder()
  await adapter.subscribe?.(names, listener)
  for (const name of names) await adapter.publish?.(name, 'x,y')
  await expect.poll(() => [...listener.state.heard].sort()).toEqual(names.map((name) => `${name} x,y`).sort())
})

test('messages with line ends arrive character for character', async () => {
  const adapter = servers.open()
  const messages = ['\n', '\r', '\r\n', 'a\r\n\r\ndata: b', '\u0001larder:"x"', '\u0001larder:', '']
  const heard: string[] = []
  await adapter.subscribe?.(['lines'], { onMessage: (message) => heard.push(message) })
  for (const message of messages) await adapter.publish?.('lines', message)
  await expect.poll(() => heard).toEqual(messages)
  await expect(adapter.subscribe?.(['a\nb'], { onMessage() {} })).rejects.toMatchObject({ option: 'channels' })
})

test('close() ends all of them', async () => {
  const adapter = http({ url: servers.proxy.url, token })
  const other = servers.open()
  await adapter.subscribe?.(['a', 'b'], recorder())
  await adapter.subscribe?.({ patterns: ['*'] }, recorder())
  expect(await other.publish?.('a', 'hello')).toBe(2)
  await adapter.close()
  await waitUntil('nobody listens', async () => (await other.publish?.('a', 'hello')) === 0)
})

test('on Workers there is none: a request ends before it', () => {
  const adapter = httpOnWorkers({ url: servers.proxy.url, token })
  onTestFinished(() => adapter.close())
  expect(adapter.capabilities.subscribe).toBe(false)
  expect(adapter.subscribe ?? adapter.publish).toBeUndefined()
})
