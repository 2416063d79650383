// Runs in a process of its own, so that a test can stop and resume it. One command a line, one answer a line.
import { createInterface } from 'node:readline'
import { createLarder } from '@larder/core'
import { tcp } from '../../src/tcp/index.js'

const adapter = tcp()
const { limiter, locks } = createLarder({ adapter })
const api = limiter({ prefix: 'api', limit: 100, per: '1h' })

const commands: Record<string, () => Promise<unknown>> = {
  async read() {
    await adapter.getMany(['a'])
  },
  async count() {
    const { status } = await api.check('k')
    if (status !== 'allowed') throw new Error(status)
  },
  async lock() {
    const lock = await locks.acquire('job', { wait: 0 })
    await lock.release()
  },
}

const lines = createInterface({ input: process.stdin })
lines.on('line', async (line) => {
  if (line === 'end') {
    // Without closing the adapter: an idle connection must not hold the process.
    lines.close()
    process.stdin.destroy()
    return
  }
  if (line === 'close') {
    lines.close()
    process.stdin.destroy()
    await adapter.close()
    return
  }
  const startedMs = performance.now()
  const answer = await commands[line]?.().then(
    () => 'ok',
    (error: Error) => `${error.message}: ${(error.cause as Error | undefined)?.message}`,
  )
  console.log(JSON.stringify({ answer, tookMs: performance.now() - startedMs }))
})
