import { createLarder } from '@larder/core'
import { expect, onTestFinished, test } from 'vitest'
import { tcp } from '../../src/tcp/index.js'
import { startRedis } from '../support/redis-server.js'
import { waitUntil } from '../support/wait-until.js'
import { readFenced, writeFenced } from './lock-fenced-store.js'
import { startWorkers } from './lock-workers.js'

test('a holder that slept through its lock and then writes is refused by a store that checks fences', async () => {
  await using redis = await startRedis()
  const adapter = tcp({ url: redis.url })
  onTestFinished(() => adapter.close())
  await adapter.ping()
  const { locks } = createLarder({ adapter })

  const [sleeper] = await startWorkers(redis.url, [['write', 'report', '1']])
  await waitUntil('it holds the lock', async () => sleeper?.lines.length === 1)
  sleeper?.child.kill('SIGSTOP')

  // Its lock ends, and the next holder does its work.
  await using lock = await locks.acquire('report', { wait: '10s' })
  expect(await writeFenced(adapter, 'report', lock.fence, 'by the next')).toBe(true)

  sleeper?.child.kill('SIGCONT')
  await waitUntil('it has written', async () => sleeper?.lines.length === 2)
  expect(sleeper?.lines[1]).toEqual({ written: false })
  expect(await readFenced(adapter, 'report')).toBe('by the next')
})
