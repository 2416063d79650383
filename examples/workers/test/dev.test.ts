import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { waitUntil } from '../../../packages/adapters/test/support/wait-until.js'
import { home } from '../local/worker.js'

let child: ChildProcess | undefined
afterEach(() => {
  // All that it has started, if it has not ended by itself.
  if (child?.pid && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL')
})

/** `npm start`, in a process group of its own, as in a terminal. @returns its output so far, and the Worker's address */
async function start(...args: readonly string[]) {
  const { REDIS_URL: _, ...env } = process.env
  const started = spawn(process.execPath, ['--import', 'tsx', 'local/dev.ts', ...args], {
    cwd: home,
    env: { ...env, PORT: '0' },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child = started
  let output = ''
  for (const stream of [started.stdout, started.stderr]) stream.on('data', (chunk) => (output += chunk))
  const url = await waitUntil('the Worker is there', () => /The Worker is at (\S+)/.exec(output)?.[1], {
    timeoutMs: 30_000,
  })
  return { url, output: () => output }
}

/** Ctrl-C: the terminal interrupts every process of the group. @returns the exit code, once none is left */
async function interrupt(): Promise<number | null> {
  const { pid } = child as ChildProcess
  const ended = once(child as ChildProcess, 'exit')
  process.kill(-(pid as number), 'SIGINT')
  const [exitCode] = await ended
  await waitUntil('nothing is left running', () => !isAlive(-(pid as number)))
  return exitCode
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('npm start brings its own Redis, shows what to try, and ends cleanly with Ctrl-C', {
  timeout: 60_000,
}, async () => {
  const { url, output } = await start()
  const port = /a redis-server of its own at 127\.0\.0\.1:(\d+)/.exec(output())?.[1]
  expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ ok: true, shared: true })
  expect(await (await fetch(`${url}/tides/whitby`)).json()).toMatchObject({ harbour: 'whitby' })
  // Each line that it shows is one that works.
  const shown = output().match(/^ {2}curl .*$/gm) ?? []
  expect(shown.length).toBe(5)
  expect(await interrupt()).toBe(0)
  await expect(fetch(url)).rejects.toThrow()
  await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
})

test('npm start -- --no-redis does without, and says so', { timeout: 60_000 }, async () => {
  const { url, output } = await start('--no-redis')
  expect(output()).toContain('in its own memory')
  expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ ok: true, shared: false })
  expect(await interrupt()).toBe(0)
})
