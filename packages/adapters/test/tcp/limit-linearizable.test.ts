import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { beforeAll, describe, expect, test } from 'vitest'
import type { LimitAnswer, LimitCall, Recorded, Task } from '../support/limit-client.js'
import { findViolation, type Operation } from '../support/linearizable.js'
import { useServers } from '../support/use-servers.js'

const LIMIT = 6
const ROUNDS = 40
/** Eight clients in three processes. */
const CLIENTS = [3, 3, 2]

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

const servers = useServers()
let program: string
beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [path('../support/limit-client.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['ioredis', 'superjson', '@upstash/redis'],
    alias: {
      '@larder/core': path('../../../core/src/index.ts'),
      '#platform': path('../../../core/src/platform/node.ts'),
    },
    write: false,
  })
  program = outputFiles[0]?.text ?? ''
})

interface Action {
  readonly call: LimitCall
  readonly answer: LimitAnswer
}

/** A counter that admits up to the limit, and gives back no more than was spent. */
function counter(used: number, { call: { act, cost }, answer }: Action): number | undefined {
  // A refund is told nothing.
  if (act === 'refund') return Math.max(0, used - cost)
  const allowed = used + cost <= LIMIT
  const next = allowed && act === 'check' ? used + cost : used
  return answer.allowed === allowed && answer.remaining === LIMIT - next ? next : undefined
}
const violationOf = (history: readonly Operation<Action>[]) => findViolation(history, 0, counter)

/** Runs the clients and gives the history of each round, each on a key of its own. @param adapters of the processes, in turn */
async function histories(adapters: readonly string[], kind: Task['kind']): Promise<Operation<Action>[][]> {
  await servers.redis.cli('FLUSHALL')
  const startAtMs = Date.now() + 2_500
  const recorded = await Promise.all(
    CLIENTS.map(async (clients, i) => {
      const adapter = adapters[i % adapters.length] as string
      const task: Task = {
        adapter,
        url: servers.urlFor(adapter),
        kind,
        clients,
        rounds: ROUNDS,
        callsPerRound: 6,
        limit: LIMIT,
        startAtMs,
        // A request takes longer than a command.
        roundMs: adapters.includes('http') ? 100 : 40,
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
      .map(({ call, answer, calledAtNs, answeredAtNs }) => ({
        action: { call, answer },
        calledAt: calledAtNs,
        answeredAt: answeredAtNs,
      })),
  )
}

/** How many pairs of calls were under way at the same time: without any, nothing would be shown. */
function overlaps(history: readonly Operation<unknown>[]): number {
  const { POSITIVE_INFINITY: never } = Number
  const together = history.flatMap((one, i) =>
    history
      .slice(i + 1)
      .filter((other) => one.calledAt < (other.answeredAt ?? never) && other.calledAt < (one.answeredAt ?? never)),
  )
  return together.length
}

describe.each([[['tcp']], [['http']], [['tcp', 'http']]])('eight clients in three processes, over %s', (adapters) => {
  test('see one limiter: every history could have happened one call after the other', async () => {
    const rounds = await histories(adapters, 'limiter')
    for (const history of rounds) {
      expect(history).toHaveLength(48)
      expect(violationOf(history)).toBeUndefined()
    }
    expect(rounds.reduce((sum, history) => sum + overlaps(history), 0)).toBeGreaterThan(10 * ROUNDS)
  }, 120_000)

  test('catch a limiter that reads and then writes: the check would find a fault', async () => {
    const rounds = await histories(adapters, 'broken')
    expect(rounds.filter((history) => violationOf(history)).length).toBeGreaterThan(0)
  }, 120_000)
})

describe('the check', () => {
  const operation = (calledAt: number, answeredAt: number, act: LimitCall['act'], cost: number, remaining: number) => ({
    action: { call: { act, cost }, answer: { allowed: true, remaining } },
    calledAt,
    answeredAt,
  })
  test('takes calls in any order as long as they overlap, and in theirs if they do not', () => {
    const second = operation(0, 10, 'check', 1, 4)
    expect(violationOf([second, operation(5, 15, 'check', 1, 5)])).toBeUndefined()
    expect(violationOf([second, operation(11, 15, 'check', 1, 5)])).toBe(second)
  })
  test('finds a lost update and a stale look', () => {
    expect(violationOf([operation(0, 10, 'check', 1, 5), operation(0, 10, 'check', 1, 5)])).toBeDefined()
    const stale = operation(11, 12, 'peek', 1, 6)
    expect(violationOf([operation(0, 10, 'check', 2, 4), stale])).toBe(stale)
  })
})
