import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLinearizable, type Operation, type Specification } from '../support/is-linearizable.js'
import type { LimitAnswer, LimitCall, Recorded, Task } from '../support/limit-client.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'

const LIMIT = 6
const ROUNDS = 40
/** Eight clients in three processes. */
const CLIENTS = [3, 3, 2]

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

let redis: RedisServer
let program: string
beforeAll(async () => {
  redis = await startRedis()
  const { outputFiles } = await build({
    entryPoints: [path('../support/limit-client.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['ioredis', 'superjson'],
    alias: {
      '@larder/core': path('../../../core/src/index.ts'),
      '#platform': path('../../../core/src/platform/node.ts'),
    },
    write: false,
  })
  program = outputFiles[0]?.text ?? ''
})
afterAll(() => redis.stop())

/** A counter that admits up to the limit, and gives back no more than was spent. */
const counter: Specification<number, LimitCall, LimitAnswer> = {
  initial: 0,
  apply(used, { act, cost }) {
    if (act === 'refund') return { answer: { allowed: true, remaining: 0 }, state: Math.max(0, used - cost) }
    const allowed = used + cost <= LIMIT
    const state = allowed && act === 'check' ? used + cost : used
    return { answer: { allowed, remaining: LIMIT - state }, state }
  },
  matches: (given, expected) => given.allowed === expected.allowed && given.remaining === expected.remaining,
  key: String,
}

/** Runs the clients and gives the history of each round, each on a key of its own. @param adapters of the processes, in turn */
async function histories(
  adapters: readonly string[],
  kind: Task['kind'],
): Promise<Operation<LimitCall, LimitAnswer>[][]> {
  await redis.cli('FLUSHALL')
  const startAtMs = Date.now() + 2_500
  const recorded = await Promise.all(
    CLIENTS.map(async (clients, i) => {
      const task: Task = {
        adapter: adapters[i % adapters.length] as string,
        url: redis.url,
        kind,
        clients,
        rounds: ROUNDS,
        callsPerRound: 6,
        limit: LIMIT,
        startAtMs,
        roundMs: 40,
      }
      const child = spawn(process.execPath, ['--input-type=module', '-'], {
        cwd: path('../..'),
        env: { ...process.env, LIMIT_TASK: JSON.stringify(task) },
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      child.stdin.end(program)
      return JSON.parse(await text(child.stdout)) as Recorded[]
    }),
  )
  return Array.from({ length: ROUNDS }, (_, round) =>
    recorded
      .flat()
      .filter((one) => one.round === round)
      .map(({ call, answer, startedAtNs, endedAtNs }) => ({
        call,
        answer,
        startedAtNs: BigInt(startedAtNs),
        endedAtNs: BigInt(endedAtNs),
      })),
  )
}

/** How many pairs of calls were under way at the same time: without any, nothing would be shown. */
function overlaps(history: readonly Operation<unknown, unknown>[]): number {
  const together = history.flatMap((one, i) =>
    history.slice(i + 1).filter((other) => one.startedAtNs < other.endedAtNs && other.startedAtNs < one.endedAtNs),
  )
  return together.length
}

describe.each([[['tcp']]])('eight clients in three processes, over %s', (adapters) => {
  test('see one limiter: every history could have happened one call after the other', async () => {
    const rounds = await histories(adapters, 'limiter')
    for (const history of rounds) {
      expect(history).toHaveLength(48)
      expect(isLinearizable(history, counter)).toBe(true)
    }
    expect(rounds.reduce((sum, history) => sum + overlaps(history), 0)).toBeGreaterThan(10 * ROUNDS)
  }, 120_000)

  test('catch a limiter that reads and then writes: the check would find a fault', async () => {
    const rounds = await histories(adapters, 'broken')
    expect(rounds.filter((history) => !isLinearizable(history, counter)).length).toBeGreaterThan(0)
  }, 120_000)
})

describe('the check', () => {
  const operation = (
    startedAtNs: number,
    endedAtNs: number,
    act: LimitCall['act'],
    cost: number,
    remaining: number,
  ) => ({
    call: { act, cost },
    answer: { allowed: remaining >= 0, remaining: Math.abs(remaining) },
    startedAtNs: BigInt(startedAtNs),
    endedAtNs: BigInt(endedAtNs),
  })
  test('takes calls in any order as long as they overlap, and in theirs if they do not', () => {
    const second = operation(0, 10, 'check', 1, 4)
    expect(isLinearizable([second, operation(5, 15, 'check', 1, 5)], counter)).toBe(true)
    expect(isLinearizable([second, operation(11, 15, 'check', 1, 5)], counter)).toBe(false)
  })
  test('finds a lost update and a stale look', () => {
    const spent = [operation(0, 10, 'check', 1, 5), operation(0, 10, 'check', 1, 5)]
    expect(isLinearizable(spent, counter)).toBe(false)
    expect(isLinearizable([operation(0, 10, 'check', 2, 4), operation(11, 12, 'peek', 1, 6)], counter)).toBe(false)
  })
})
