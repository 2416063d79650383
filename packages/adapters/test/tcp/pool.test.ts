import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type TcpAdapter, type TcpOptions, tcp } from '../../src/tcp/index.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { startProxy } from '../support/tcp-proxy.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

function open(pool: TcpOptions['pool'] = {}, options: TcpOptions = {}): TcpAdapter {
  const adapter = tcp({ url: redis.url, pool, ...options })
  onTestFinished(() => adapter.close())
  return adapter
}

/** A lease that lasts until it is told to end. */
function hold(adapter: TcpAdapter) {
  let end = () => {}
  let began = () => {}
  const held = new Promise<void>((resolve) => {
    end = resolve
  })
  const begun = new Promise<void>((resolve) => {
    began = resolve
  })
  const done = adapter.withConnection(async () => {
    began()
    await held
  })
  return { begun, done, end }
}

test('5,000 concurrent leases never open more connections than the maximum, and all are served', async () => {
  const adapter = open({ max: 8 })
  let most = 0
  let sizes = 0
  const leases = Array.from({ length: 5_000 }, async () =>
    adapter.withConnection(async (client) => {
      const { size, used } = adapter.counts()
      most = Math.max(most, used)
      sizes = Math.max(sizes, size)
      await client.ping()
    }),
  )
  await Promise.all(leases)
  expect(most).toBe(8)
  expect(sizes).toBe(8)
  expect(await redis.clientCount()).toBeLessThanOrEqual(8)
  expect(adapter.counts()).toEqual({ size: 8, free: 8, used: 0, pending: 0 })
})

test('waiters are served in the order in which they came, and an aborted one leaves no hole', async () => {
  const adapter = open({ max: 1 })
  const first = hold(adapter)
  await first.begun
  const order: number[] = []
  const controller = new AbortController()
  const waiting = Array.from({ length: 6 }, (_, i) =>
    adapter
      .withConnection(
        async () => {
          order.push(i)
        },
        i === 2 ? { signal: controller.signal } : {},
      )
      .catch((error: unknown) => error),
  )
  expect(adapter.counts()).toMatchObject({ used: 1, pending: 6 })
  const reason = new Error('no longer wanted')
  controller.abort(reason)
  expect(await waiting[2]).toBe(reason)
  expect(adapter.counts().pending).toBe(5)
  first.end()
  await Promise.all(waiting)
  expect(order).toEqual([0, 1, 3, 4, 5])
})

describe('exhaustion is a typed error with the counts', () => {
  test('after the acquire timeout', async () => {
    const adapter = open({ max: 1, acquireTimeout: '50ms' })
    const first = hold(adapter)
    await first.begun
    await expect(adapter.withConnection(async () => 1)).rejects.toMatchObject({
      code: 'ERR_POOL_EXHAUSTED',
      counts: { size: 1, free: 0, used: 1 },
    })
    first.end()
    await first.done
    expect(await adapter.withConnection(async () => 1)).toBe(1)
  })

  test('at once when the queue is full', async () => {
    const adapter = open({ max: 1, maxWaiting: 1 })
    const first = hold(adapter)
    await first.begun
    const second = adapter.withConnection(async () => 2)
    await expect(adapter.withConnection(async () => 3)).rejects.toMatchObject({
      code: 'ERR_POOL_EXHAUSTED',
      counts: { pending: 1 },
    })
    first.end()
    expect(await second).toBe(2)
  })
})

test('ordinary commands go on beside leases, and wait only when all connections are leased', async () => {
  const adapter = open({ max: 2 })
  const one = hold(adapter)
  await one.begun
  await adapter.set('beside', 'a lease')
  expect(await adapter.getMany(['beside'])).toEqual(['a lease'])
  const two = hold(adapter)
  await two.begun
  const reading = adapter.getMany(['beside'])
  expect(adapter.counts()).toEqual({ size: 2, free: 0, used: 2, pending: 1 })
  one.end()
  expect(await reading).toEqual(['a lease'])
  two.end()
})

test('a lease is for MULTI and WATCH, and for commands that block', async () => {
  const adapter = open()
  await adapter.set('stock', '5')
  const sell = () =>
    adapter.withConnection(async (client) => {
      for (;;) {
        await client.watch('stock')
        const stock = Number(await client.get('stock'))
        if (
          await client
            .multi()
            .set('stock', stock - 1)
            .exec()
        )
          return
      }
    })
  await Promise.all([sell(), sell(), sell()])
  expect(await adapter.getMany(['stock'])).toEqual(['2'])

  const popped = adapter.withConnection((client) => client.blpop('queue', 5))
  await adapter.getMany(['not blocked'])
  await redis.cli('RPUSH', 'queue', 'job')
  expect(await popped).toEqual(['queue', 'job'])
})

describe('resize', () => {
  test('up: waiters are served at once', async () => {
    const adapter = open({ max: 1 })
    const first = hold(adapter)
    await first.begun
    const second = adapter.withConnection(async () => 2)
    adapter.resize(2)
    expect(await second).toBe(2)
    first.end()
  })

  test('down: free connections are closed at once, leased ones when they come back', async () => {
    const adapter = open({ max: 4 })
    const leases = [hold(adapter), hold(adapter), hold(adapter), hold(adapter)]
    await Promise.all(leases.map(({ begun }) => begun))
    leases[3]?.end()
    await leases[3]?.done
    adapter.resize(1)
    expect(adapter.counts()).toMatchObject({ size: 3, used: 3 })
    for (const lease of leases) lease.end()
    await Promise.all(leases.map(({ done }) => done))
    expect(adapter.counts()).toEqual({ size: 1, free: 1, used: 0, pending: 0 })
    await expect.poll(() => redis.clientCount()).toBe(1)
    expect(() => adapter.resize(0)).toThrow(expect.objectContaining({ option: 'max' }))
  })
})

test('a connection whose function failed is used again, or closed with closeOnError', async () => {
  for (const closeOnError of [false, true]) {
    const adapter = open({ closeOnError })
    const ids: unknown[] = []
    const failing = adapter.withConnection(async (client) => {
      ids.push(await client.client('ID'))
      throw new Error('mine')
    })
    await expect(failing).rejects.toThrow('mine')
    ids.push(await adapter.withConnection((client) => client.client('ID')))
    expect(ids[0] === ids[1]).toBe(!closeOnError)
  }
})

test('what a lease leaves behind is nobody else’s: another database, an open MULTI, an ended client', async () => {
  const adapter = open({ max: 1 })
  await adapter.set('k', 'here')
  await adapter.withConnection((client) => client.select(5))
  expect(await adapter.getMany(['k'])).toEqual(['here'])
  const opened = adapter.withConnection(async (client) => {
    await client.call('MULTI')
    throw new Error('before EXEC')
  })
  await expect(opened).rejects.toThrow('before EXEC')
  expect(await adapter.set('k', 'still here')).toBe(true)
  await adapter.withConnection(async (client) => {
    client.disconnect()
  })
  expect(await adapter.getMany(['k'])).toEqual(['still here'])
})

test('a WATCH or MULTI that a lease leaves open ends with it, and its connection is used again', async () => {
  const adapter = open({ max: 1 })
  const id = () => adapter.withConnection((client) => client.client('ID'))
  const first = await id()
  // Out of stock: nothing to EXEC.
  await adapter.withConnection((client) => client.watch('stock'))
  await adapter.set('stock', '1')
  expect(await adapter.withConnection((client) => client.multi().get('stock').exec())).toEqual([[null, '1']])
  await adapter.withConnection((client) => client.multi({ pipeline: false }))
  expect(await adapter.getMany(['stock'])).toEqual(['1'])
  expect(await id()).toBe(first)
})

test('a lease that leaves nothing open costs no command more', async () => {
  const adapter = open({ max: 1 })
  await adapter.ping()
  await redis.cli('CONFIG', 'RESETSTAT')
  await adapter.withConnection(async (client) => {
    await client.watch('stock')
    await client.multi().get('stock').exec()
    await client.watch('stock')
    await client.unwatch()
  })
  const stats = await redis.cli('INFO', 'commandstats')
  expect(stats).not.toMatch(/cmdstat_discard/)
  expect(stats).toMatch(/cmdstat_unwatch:calls=1,/)
})

test('resize and close let commands under way end', async () => {
  const adapter = open({ max: 3 })
  await adapter.set('big', 'x'.repeat(5_000_000))
  await Promise.all(Array.from({ length: 3 }, () => adapter.withConnection((client) => client.ping())))
  const reads = Array.from({ length: 10 }, () => adapter.getMany(['big']))
  adapter.resize(1)
  await Promise.all(reads)
  const last = Array.from({ length: 10 }, () => adapter.getMany(['big']))
  await adapter.close()
  expect((await Promise.all(last)).every(([value]) => value?.length === 5_000_000)).toBe(true)
})

test('an ordinary command that waited for a lease to end goes out before the next lease', async () => {
  const adapter = open({ max: 1 })
  const first = hold(adapter)
  await first.begun
  const startedMs = performance.now()
  const reading = adapter.getMany(['a']).then(() => performance.now() - startedMs)
  const blocking = adapter.withConnection((client) => client.blpop('nothing-ever', 1))
  first.end()
  expect(await reading).toBeLessThan(500)
  await blocking
})

test('never hands out a connection that has died meanwhile', async () => {
  await using proxy = await startProxy(redis)
  const adapter = open({ max: 3 }, { url: `redis://127.0.0.1:${proxy.port}` })
  await Promise.all(Array.from({ length: 3 }, () => adapter.withConnection((client) => client.ping())))
  for (let round = 0; round < 20; round++) {
    proxy.cut()
    await new Promise(setImmediate)
    await expect.poll(() => adapter.withConnection((client) => client.ping()).catch(() => 'died')).toBe('PONG')
  }
  expect(adapter.counts().size).toBeLessThanOrEqual(3)
})

test('connections beyond the first are closed once they have been idle', async () => {
  const adapter = open({ max: 3, idleTimeout: '50ms' })
  const leases = [hold(adapter), hold(adapter), hold(adapter)]
  await Promise.all(leases.map(({ begun }) => begun))
  for (const lease of leases) lease.end()
  await Promise.all(leases.map(({ done }) => done))
  expect(adapter.counts().size).toBe(3)
  await new Promise((resolve) => setTimeout(resolve, 60))
  await adapter.withConnection((client) => client.ping())
  expect(adapter.counts().size).toBe(1)
})

describe('close', () => {
  test('waits for leases, and refuses those who wait', async () => {
    const adapter = open({ max: 1 })
    const first = hold(adapter)
    await first.begun
    const second = adapter.withConnection(async () => 2).catch((error: unknown) => error)
    let closed = false
    const closing = adapter.close().then(() => {
      closed = true
    })
    expect(await second).toMatchObject({ code: 'ERR_CLOSED' })
    expect(closed).toBe(false)
    first.end()
    await closing
    await expect.poll(() => redis.clientCount()).toBe(0)
    await expect(adapter.getMany(['a'])).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  test('is clean in the middle of connecting, and before any use', async () => {
    const connecting = open()
    const read = connecting.getMany(['a']).catch((error: unknown) => error)
    await connecting.close()
    await read
    await open().close()
    await expect.poll(() => redis.clientCount()).toBe(0)
  })
})

test('concurrent first uses share one connection attempt; a failed one is forgotten', async () => {
  const server = await startRedis()
  const { port } = server
  await server.kill()
  const adapter = open({}, { url: `redis://127.0.0.1:${port}` })
  const failed = await Promise.allSettled(Array.from({ length: 20 }, () => adapter.getMany(['a'])))
  expect(failed.every(({ status }) => status === 'rejected')).toBe(true)
  await server.restart()
  await Promise.all(Array.from({ length: 20 }, () => adapter.getMany(['a'])))
  expect(await server.clientCount()).toBe(1)
  await server.stop()
})
