import { createLarder } from '@larder/core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { tcp } from '../../src/tcp/index.js'
import { type RedisCluster, startCluster } from '../support/cluster.js'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

async function open() {
  const adapter = tcp({ cluster: cluster.nodes.slice(0, 2).map(({ host, port }) => ({ host, port })) })
  onTestFinished(() => adapter.close())
  await adapter.ping()
  return createLarder({ adapter })
}

test('a lock is handed over across processes that are told by different nodes', async () => {
  const [one, other] = [await open(), await open()]
  const lock = await one.locks.acquire('job')
  const waiting = other.locks.acquire('job', { wait: '20s' })
  await new Promise((resolve) => setTimeout(resolve, 500))
  const startedMs = performance.now()
  await lock.release()
  await (await waiting).release()
  expect(performance.now() - startedMs).toBeLessThan(250)
})

test('several locks with a common hash tag are taken together', async () => {
  const { locks } = await open()
  const both = await locks.acquire(['{order:42}:stock', '{order:42}:invoice'])
  expect(await locks.tryAcquire('{order:42}:stock')).toBeNull()
  expect(await both.release()).toBe(true)
})

test('several locks without one are refused by the cluster, and none is held', async () => {
  const { locks } = await open()
  await expect(locks.acquire(['a', 'b', 'c', 'd'])).rejects.toMatchObject({
    code: 'ERR_LOCK_STORE',
    cause: { cause: { code: 'ERR_REPLY', reply: 'CROSSSLOT' } },
  })
  for (const name of ['a', 'b', 'c', 'd']) expect(await locks.isHeld(name)).toBe(false)
})
