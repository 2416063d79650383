import { createLarder } from '@larder/core'
import { expect, onTestFinished, test } from 'vitest'
import { type TcpAdapter, type TcpOptions, tcp } from '../../src/tcp/index.js'
import { startCluster } from '../support/cluster.js'
import { fifty } from '../support/fifty.js'
import type { RedisServer } from '../support/redis-server.js'
import { startSentinels } from '../support/sentinel.js'
import { waitUntil } from '../support/wait-until.js'

const BUDGET_MS = 250
/** What timers and a busy machine may add to it. */
const SLACK_MS = 60

const addresses = (servers: readonly RedisServer[]) => servers.map(({ host, port }) => ({ host, port }))

function open(options: TcpOptions): TcpAdapter {
  const adapter = tcp(options)
  onTestFinished(() => adapter.close())
  return adapter
}

/** Cached calls until the store serves one again. */
async function serves(adapter: TcpAdapter): Promise<void> {
  const { cached, cache } = createLarder({ adapter, store: { breaker: { failures: 1_000_000 } } })
  const find = cached('1m', 'find', async () => 1)
  await waitUntil('the store serves again', async () => {
    await find()
    return cache.stats().hits > 0
  })
}

test('a replica is promoted by sentinels under load: 50 of 50, then the new master serves, scripts too', async () => {
  await using group = await startSentinels()
  const adapter = open({ sentinels: addresses(group.sentinels), name: group.name })
  const { limiter } = createLarder({ adapter })
  const api = limiter({ prefix: 'api', limit: 100, per: '1h' })
  await api.check('k')

  const former = await group.master()
  const { p50, max } = await fifty(adapter, (call) => call === 10 && former.kill())
  expect(p50).toBeLessThan(2)
  expect(max).toBeLessThan(BUDGET_MS + SLACK_MS)

  await group.promoted(former)
  await serves(adapter)
  expect(await api.check('k')).toMatchObject({ status: 'allowed', remaining: expect.any(Number) })
})

test('a sentinel that hangs is passed over for the next', async () => {
  await using group = await startSentinels()
  const [first] = group.sentinels as [RedisServer]
  first.pause()
  const adapter = open({ sentinels: addresses(group.sentinels), name: group.name, connectTimeout: '4s' })
  expect(await adapter.getMany(['a'])).toEqual([null])
})

test('a slot of a cluster moves under load: nothing is lost, and no call falls back', async () => {
  await using cluster = await startCluster()
  const adapter = open({ cluster: addresses(cluster.nodes) })
  const slot = await cluster.slotOf('{moving}')
  const from = await cluster.nodeOf(slot)
  const to = (await cluster.masters()).find((node) => node !== from) as RedisServer
  for (let i = 0; i < 50; i++) await adapter.set(`{moving}${i}`, `${i}`)

  let moved: Promise<void> | undefined
  const reading = fifty(adapter, (call) => {
    if (call === 10) moved = cluster.moveSlot(slot, to)
  })
  for (let i = 0; i < 50; i++) {
    expect(await adapter.getMany([`{moving}${i}`])).toEqual([`${i}`])
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const { max, events } = await reading
  await moved
  expect(max).toBeLessThan(BUDGET_MS + SLACK_MS)
  expect(events.map(({ type }) => type)).not.toContain('fallback')
  expect(await cluster.nodeOf(slot)).toBe(to)
})

test('a master of a cluster is killed under load: 50 of 50, then its replica serves', async () => {
  await using cluster = await startCluster()
  const adapter = open({ cluster: addresses(cluster.nodes) })
  const { master } = await cluster.shard(0)
  const { max } = await fifty(adapter, (call) => call === 10 && master.kill())
  expect(max).toBeLessThan(BUDGET_MS + SLACK_MS)
  await cluster.promoted(0, master)
  await serves(adapter)
})
