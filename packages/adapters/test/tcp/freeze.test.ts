import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { type RedisServer, startRedis } from '../support/redis-server.js'

let redis: RedisServer
beforeEach(async () => {
  redis = await startRedis()
})
afterEach(() => redis.stop())

/** A process of its own with an adapter in it, which runs one command a line and answers with what it took. */
async function startProcess(): Promise<{
  child: ChildProcess
  ask(command: string): Promise<{ answer: unknown; tookMs: number }>
}> {
  const source = fileURLToPath(new URL('../support/frozen-process.ts', import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [source],
    bundle: true,
    // The program is an argument, and the system takes 128 KiB of one at most.
    minify: true,
    platform: 'node',
    format: 'esm',
    external: ['ioredis', 'superjson'],
    alias: { '@larder/core': fileURLToPath(new URL('../../../core/src/index.ts', import.meta.url)) },
    plugins: [
      {
        name: 'platform',
        setup: (b) =>
          b.onResolve({ filter: /^#platform$/ }, () => ({
            path: fileURLToPath(new URL('../../../core/src/platform/node.ts', import.meta.url)),
          })),
      },
    ],
    write: false,
  })
  const child = spawn(process.execPath, ['--input-type=module', '-e', outputFiles[0]?.text ?? ''], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...process.env, REDIS_URL: redis.url },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  return {
    child,
    async ask(command) {
      const line = once(lines, 'line')
      child.stdin?.write(`${command}\n`)
      return JSON.parse((await line)[0])
    },
  }
}

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
