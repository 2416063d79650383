import { once } from 'node:events'
import { createLarder } from '@larder/core'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { tcp } from '../../src/tcp/index.js'
import { startCluster } from '../support/cluster.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { type ScriptProcess, startScript } from '../support/script-process.js'
import { waitUntil } from '../support/wait-until.js'

type Answer = { value: string; near: boolean }
let redis: RedisServer
beforeEach(async () => {
  redis = await startRedis()
})
afterEach(() => redis.stop())

const startProcess = () => startScript<Answer>('near-process', { REDIS_URL: redis.url })

/** Until the near tier of a process answers: it does not before its subscription is there. */
const warm = (process: ScriptProcess<Answer>, id: string) =>
  waitUntil('the near tier answers', async () => (await process.ask(`find ${id}`)).near)

async function startTwo() {
  const both = await Promise.all([startProcess(), startProcess()])
  for (const process of both) for (const id of ['a', 'b']) await warm(process, id)
  return both
}

describe('two processes with near tiers in front of one Redis', () => {
  test.each([
    ['evict a', 'first'],
    ['evictTag tag:a', 'first'],
    ['evictTag all', 'second'],
    ['evictAll', 'second'],
    ['clear', 'second'],
    ['refresh a', 'first'],
  ])('%s in one: the old result is gone from the other, and what it is not about stays', async (command, other) => {
    const [one, two] = (await startTwo()) as [ScriptProcess<Answer>, ScriptProcess<Answer>]
    expect(await two.ask('find a')).toEqual({ value: 'first', near: true })
    for (const process of [one, two]) await process.ask('truth second')
    await one.ask(command)
    expect(await one.ask('find a')).toMatchObject({ value: 'second' })
    await waitUntil('the other process has heard', async () => (await two.ask('find a')).value === 'second')
    expect(await two.ask('find b')).toMatchObject({ value: other, near: other === 'first' })
  })

  test('hits there are not seen by the server, and an eviction is one command and one message', async () => {
    const [one, two] = (await startTwo()) as [ScriptProcess<Answer>, ScriptProcess<Answer>]
    await redis.resetStats()
    for (let i = 0; i < 50; i++) {
      await one.ask('find a')
      await two.ask('find b')
    }
    expect(await redis.commandStats()).toEqual({})
    await one.ask('evict a')
    expect(await redis.commandStats()).toEqual({ set: 1, publish: 1 })
  })
})

test('Redis killed: the near tier is dropped; restarted: subscriptions are back by themselves, and news arrive', async () => {
  const [one, two] = (await startTwo()) as [ScriptProcess<Answer>, ScriptProcess<Answer>]
  await redis.kill()
  await waitUntil('both have noticed', async () => {
    const answers = await Promise.all([one.ask('find a'), two.ask('find a')])
    return answers.every(({ near }) => !near)
  })
  // Nothing is kept while nobody can be heard.
  for (let i = 0; i < 5; i++) expect(await two.ask('find a')).toEqual({ value: 'first', near: false })
  await redis.restart()
  for (const process of [one, two]) await warm(process, 'a')
  expect(await two.ask('told')).toEqual(['disconnected', 'reconnected'])

  for (const process of [one, two]) await process.ask('truth second')
  await one.ask('evict a')
  await waitUntil('the other process has heard', async () => (await two.ask('find a')).value === 'second')
})

test('the connection of the subscription alone cut: what was evicted meanwhile is not served', async () => {
  const [one, two] = (await startTwo()) as [ScriptProcess<Answer>, ScriptProcess<Answer>]
  for (const process of [one, two]) await process.ask('truth second')
  for (let round = 0; round < 5; round++) {
    await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await one.ask('clear')
    await waitUntil('the old result is gone', async () => (await two.ask('find a')).value === 'second')
    await warm(two, 'a')
  }
})

test('the tier of a process that was stopped for longer than its news take catches up at once', async () => {
  const [one, two] = (await startTwo()) as [ScriptProcess<Answer>, ScriptProcess<Answer>]
  for (const process of [one, two]) await process.ask('truth second')
  two.child.kill('SIGSTOP')
  await one.ask('evict a')
  two.child.kill('SIGCONT')
  await waitUntil('it has heard', async () => (await two.ask('find a')).value === 'second')
})

describe('the life of a process', () => {
  test('a near tier keeps none alive, connected or not', async () => {
    for (const down of [false, true]) {
      const process = await startProcess()
      await warm(process, 'a')
      if (down) await redis.kill()
      const exited = once(process.child, 'exit')
      process.child.stdin?.end()
      expect((await exited)[0]).toBe(0)
    }
  })

  test('a listener of the bus does, until the toolkit is closed', async () => {
    const [listening, speaking] = await Promise.all([startProcess(), startProcess()])
    await listening.ask('listen news')
    expect(await speaking.ask('publish news')).toBe(1)
    const exited = once(listening.child, 'exit')
    await listening.ask('close')
    listening.child.stdin?.end()
    expect((await exited)[0]).toBe(0)
  })
})

test('on a cluster, a subscription tells when its node dies, and goes on at another', {
  timeout: 120_000,
}, async () => {
  await using cluster = await startCluster()
  const adapter = tcp({ cluster: cluster.nodes.slice(0, 3).map(({ host, port }) => ({ host, port })) })
  onTestFinished(() => adapter.close())
  const { bus } = createLarder({ adapter })
  const heard: unknown[] = []
  const told: string[] = []
  await bus.subscribe(['news'], (message) => heard.push(message), {
    onDisconnect: () => told.push('disconnect'),
    onReconnect: () => told.push('reconnect'),
  })
  await bus.publish('news', 'before')
  await expect.poll(() => heard).toEqual(['before'])
  let killed = 0
  for (const node of cluster.nodes.slice(0, 3)) {
    const clients = await node.cli('CLIENT', 'LIST', 'TYPE', 'pubsub')
    if (!/name=[^ ]* .*sub=1/.test(clients)) continue
    killed++
    await node.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
  }
  expect(killed).toBe(1)
  await expect.poll(() => told, { timeout: 10_000 }).toEqual(['disconnect', 'reconnect'])
  await waitUntil('messages arrive again', async () => {
    await bus.publish('news', 'after').catch(() => {})
    return heard.includes('after')
  })
})
