import { createLarder } from '@larder/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { idempotentCalls } from '../../../core/test/idempotent/suite.js'
import { lockKinds } from '../../../core/test/lock/kinds-suite.js'
import { sessionsOver } from '../../../core/test/sessions/suite.js'
import { tcp } from '../../src/tcp/index.js'
import { setUpServers } from './setup.js'

const servers = setUpServers()

describe('locks', () => lockKinds(() => servers.open()))
describe('idempotent functions', () => idempotentCalls(() => servers.open()))
describe('sessions', () => sessionsOver(() => servers.open()))

test('a lock goes from a holder over HTTP to a waiter over TCP, and back', async () => {
  const overTcp = tcp({ url: servers.redis.url })
  onTestFinished(() => overTcp.close())
  await overTcp.ping()
  const [one, other] = [createLarder({ adapter: servers.open() }), createLarder({ adapter: overTcp })]
  for (const [holder, waiter] of [
    [one, other],
    [other, one],
  ] as const) {
    const lock = await holder.locks.acquire('job')
    const waiting = waiter.locks.acquire('job', { wait: '20s' })
    await new Promise((resolve) => setTimeout(resolve, 300))
    const startedMs = performance.now()
    await lock.release()
    const next = await waiting
    expect(performance.now() - startedMs).toBeLessThan(600)
    expect(next.fence).toBe(lock.fence + 1)
    await next.release()
  }
})
