import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startRedis } from '../support/redis-server.js'
import { startWorkers } from './lock-workers.js'

const CHAOS_MS = 12_000
/** Longer than the locks of the workers last. */
const PAUSE_MS = 600
const pick = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)] as T

interface Hold {
  readonly fence: number
  readonly fromMs: number
  /** When it was released, or its time was up by its holder's own clock. */
  readonly untilMs: number
}

test('pauses, kills and restarts of clients and server leave at most one valid holder, and fences that grow', async () => {
  // It writes down every command before it answers: a store that forgets locks cannot keep them.
  await using redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  const workers = await startWorkers(
    redis.url,
    Array.from({ length: 4 }, () => ['hold', 'chaos', '2']),
  )
  const endMs = performance.now() + CHAOS_MS
  const alive = () => workers.filter(({ child }) => child.exitCode === null && child.signalCode === null)
  const blows: Record<string, () => Promise<void>> = {
    async clientPause() {
      const { child } = pick(alive())
      child.kill('SIGSTOP')
      await sleep(PAUSE_MS)
      child.kill('SIGCONT')
    },
    async serverPause() {
      redis.pause()
      await sleep(PAUSE_MS)
      redis.resume()
    },
    async serverRestart() {
      await redis.kill()
      await redis.restart({ keepData: true })
    },
    async clientKill() {
      if (alive().length > 2) pick(alive()).child.kill('SIGKILL')
    },
  }
  const struck = new Set<string>()
  for (const blow of Object.keys(blows)) {
    await blows[blow]?.()
    await sleep(500)
    struck.add(blow)
  }
  while (performance.now() < endMs) {
    await blows[pick(Object.keys(blows))]?.()
    await sleep(Math.random() * 800)
  }
  await Promise.all(alive().map((worker) => worker.end()))

  const holds = workers
    .flatMap(({ lines }) => lines as unknown as Hold[])
    // One whose time was up before it knew of it never believed to hold anything.
    .filter(({ fromMs, untilMs }) => fromMs < untilMs)
    .sort((a, b) => a.fromMs - b.fromMs)
  expect(holds.length).toBeGreaterThan(10)
  for (const [i, next] of holds.entries()) {
    const before = holds[i - 1]
    if (!before) continue
    expect(next.fromMs, JSON.stringify({ before, next })).toBeGreaterThanOrEqual(before.untilMs)
    expect(next.fence, JSON.stringify({ before, next })).toBeGreaterThan(before.fence)
  }
}, 60_000)
