import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { connect } from '../support/resp.js'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.js'
import { waitUntil } from '../support/wait-until.js'

let redis: RedisServer
let proxy: TcpProxy
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())
beforeEach(async () => {
  proxy = await startProxy(redis)
  await redis.cli('FLUSHALL')
})
afterEach(() => proxy.stop())

const dial = (timeoutMs = 2_000) => connect({ host: proxy.host, port: proxy.port, timeoutMs })

describe('the proxy', () => {
  it('passes everything on and counts connections', async () => {
    const [one, other] = await Promise.all([dial(), dial()])
    const large = 'x'.repeat(1_000_000)
    expect(await one.command('SET', 'key', large)).toBe('OK')
    expect(await other.command('GET', 'key')).toBe(large)
    expect(proxy.connections).toEqual({ open: 2, opened: 2 })

    one.close()
    await waitUntil('the proxy has seen it', () => proxy.connections.open === 1)
    await waitUntil('the server too', async () => (await redis.clientCount()) === 1)
    other.close()
  })

  it('cut breaks open connections and lets new ones in', async () => {
    const client = await dial()
    const pending = client.command('BLPOP', 'nothing', 0)
    await waitUntil('it waits', async () => (await redis.cli('INFO', 'clients')).includes('blocked_clients:1'))
    proxy.cut()
    await expect(pending).rejects.toThrow('ECONNRESET')
    const fresh = await dial()
    expect(await fresh.command('PING')).toBe('PONG')
    fresh.close()
  })

  it('blackhole of the existing ones leaves new ones alone, and lets through later what was held', async () => {
    const stuck = await dial()
    proxy.blackhole({ existing: true, fresh: false })
    let answered = false
    const late = stuck.command('INCR', 'counter').finally(() => {
      answered = true
    })
    const fresh = await dial()
    expect(await fresh.command('GET', 'counter')).toBe(null)
    expect(answered).toBe(false)

    proxy.blackhole(false)
    expect(await late).toBe(1)
    stuck.close()
    fresh.close()
  })

  it('blackhole of the new ones accepts them, answers nothing, and leaves the existing ones alone', async () => {
    const old = await dial()
    proxy.blackhole({ existing: false, fresh: true })
    const stuck = await dial(100)
    await expect(stuck.command('INCR', 'counter')).rejects.toThrow('within 100 ms')
    expect(await old.command('GET', 'counter')).toBe(null)
    old.close()
  })

  it('blackhole does not even tell that the server has gone', async () => {
    await using own = await startRedis()
    await using between = await startProxy(own)
    const client = await connect({ host: between.host, port: between.port, timeoutMs: 150 })
    between.blackhole(true)
    await own.kill()
    await expect(client.command('PING')).rejects.toThrow('within 150 ms')
  })

  it('refuse closes the port and keeps open connections', async () => {
    const client = await dial()
    await proxy.refuse()
    await expect(dial()).rejects.toThrow('ECONNREFUSED')
    expect(await client.command('PING')).toBe('PONG')
    await proxy.refuse(false)
    const fresh = await dial()
    expect(await fresh.command('PING')).toBe('PONG')
    client.close()
    fresh.close()
  })

  it('dropReplies has the server do it and breaks the connection instead of the answer', async () => {
    const client = await dial()
    proxy.dropReplies()
    await expect(client.command('INCR', 'counter')).rejects.toThrow('was closed')
    expect(await redis.cli('GET', 'counter')).toBe('1')
    proxy.dropReplies(false)
    const fresh = await dial()
    expect(await fresh.command('INCR', 'counter')).toBe(2)
    fresh.close()
  })

  it('dropReplies can pick the request, and how often', async () => {
    proxy.dropReplies({ to: 'INCR', times: 1 })
    const client = await dial()
    expect(await client.command('PING')).toBe('PONG')
    await expect(client.command('INCR', 'counter')).rejects.toThrow('was closed')
    const fresh = await dial()
    expect(await fresh.command('INCR', 'counter')).toBe(2)
    fresh.close()
  })

  it('latency makes each round trip longer and keeps the order', async () => {
    const client = await dial()
    proxy.latency(60)
    const startedAtMs = performance.now()
    const first = client.command('INCR', 'counter')
    await sleep(20)
    proxy.latency(0)
    expect(await Promise.all([first, client.command('INCR', 'counter')])).toEqual([1, 2])
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(59)

    const quickAtMs = performance.now()
    await client.command('PING')
    expect(performance.now() - quickAtMs).toBeLessThan(50)
    client.close()
  })

  it('stop closes every socket on both sides, also those in a black hole', async () => {
    const client = await dial()
    proxy.blackhole(true)
    await proxy.stop()
    await proxy.stop()
    await expect(client.command('PING')).rejects.toThrow()
    await expect(dial()).rejects.toThrow('ECONNREFUSED')
    await waitUntil('the server has no client left', async () => (await redis.clientCount()) === 0)
  })
})
