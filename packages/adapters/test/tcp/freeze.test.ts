import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { startScript } from '../support/script-process.js'

let redis: RedisServer
beforeEach(async () => {
  redis = await startRedis()
})
afterEach(() => redis.stop())

/** A process with an adapter in it, which answers with what a command took. */
const startProcess = () => startScript<{ answer: unknown; tookMs: number }>('frozen-process', { REDIS_URL: redis.url })

test.each(['read', 'count', 'lock'])(
  'after a freeze of 5 s in which the server closed its side, the first %s answers on a fresh socket',
  async (command) => {
    const { child, ask } = await startProcess()
    await ask(command)
    expect(await redis.clientCount()).toBe(1)

    child.kill('SIGSTOP')
    await redis.cli('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    child.kill('SIGCONT')

    const { answer, tookMs } = await ask(command)
    expect(answer).toBe('ok')
    expect(tookMs).toBeLessThan(20)
  },
)

test.each(['close', 'end'])('a process that has used the adapter ends by itself: %s', async (command) => {
  const { child, ask } = await startProcess()
  await ask('read')
  const exited = once(child, 'exit')
  child.stdin?.write(`${command}\n`)
  expect((await exited)[0]).toBe(0)
})
