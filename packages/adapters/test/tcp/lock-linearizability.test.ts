import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { findViolation, type Operation } from '../support/linearizable.js'
import { useServers } from '../support/use-servers.js'
import { waitUntil } from '../support/wait-until.js'
import { startWorkers } from './lock-workers.js'

const servers = useServers()

/** What a client asked of the lock, and was told. */
interface Action {
  readonly who: string
  readonly what: 'take' | 'release'
  readonly told: boolean
}

/** A lock: who holds it, or `''`. A take is told whether it was free; a release by its holder succeeds. */
function lock(holder: string, { who, what, told }: Action): string | undefined {
  if (what === 'take') return told === (holder === '') ? (told ? who : holder) : undefined
  return told === (holder === who) ? (told ? '' : holder) : undefined
}

/** The history of 8 clients in 3 processes. @param ways of the processes, in turn */
async function history(task: string, ways: readonly string[]): Promise<Operation<Action>[]> {
  await servers.redis.cli('FLUSHALL')
  const urls = [0, 1, 2].map((i) => servers.urlFor(ways[i % ways.length]))
  const workers = await startWorkers(
    urls,
    ['3', '3', '2'].map((clients) => [task, `history:${task}`, clients]),
  )
  const seen = () =>
    workers.flatMap(({ lines }) => lines as unknown as (Action & { calledAt: number; answeredAt: number })[])
  await sleep(2_000)
  // On a busy machine that may be too little to tell anything.
  await waitUntil(
    'every answer was given often',
    () =>
      [true, false].every(
        (told) => seen().filter((action) => action.what === 'take' && action.told === told).length > 100,
      ),
    { timeoutMs: 30_000, everyMs: 100 },
  )
  await Promise.all(workers.map((worker) => worker.end()))
  return seen().map(({ calledAt, answeredAt, ...action }) => ({ action, calledAt, answeredAt }))
}

describe.each([[['tcp']], [['http']], [['tcp', 'http']]])('over %s', (ways) => {
  test('what 8 clients in 3 processes saw of a lock could have happened one after the other', async () => {
    const seen = await history('record', ways)
    expect(findViolation(seen, '', lock)).toBeUndefined()
  })

  test('what they saw of a lock that looks before it takes could not', async () => {
    expect(findViolation(await history('broken', ways), '', lock)).toBeDefined()
  })
})

describe('the check itself', () => {
  const at = (who: string, what: Action['what'], told: boolean, calledAt: number, answeredAt?: number) => ({
    action: { who, what, told },
    calledAt,
    answeredAt,
  })

  test('accepts overlapping calls whose answers fit in some order', () => {
    expect(
      findViolation(
        [at('a', 'take', true, 0, 9), at('b', 'take', false, 1, 2), at('a', 'release', true, 10, 11)],
        '',
        lock,
      ),
    ).toBeUndefined()
    // The release was called before the take, and had its moment first.
    expect(
      findViolation(
        [at('a', 'take', true, 0, 1), at('a', 'release', true, 2, 9), at('b', 'take', true, 3, 4)],
        '',
        lock,
      ),
    ).toBeUndefined()
  })

  test('refuses two holders, and a refusal while the lock was free', () => {
    const second = at('b', 'take', true, 2, 3)
    expect(findViolation([at('a', 'take', true, 0, 1), second, at('a', 'release', true, 4, 5)], '', lock)).toBe(second)
    const refused = at('b', 'take', false, 4, 5)
    const history = [at('a', 'take', true, 0, 1), at('a', 'release', true, 2, 3), refused]
    expect(findViolation(history, '', lock)).toBe(refused)
  })

  test('lets a call without an answer have happened or not', () => {
    const lost = at('a', 'take', true, 0)
    expect(findViolation([lost, at('b', 'take', false, 5, 6)], '', lock)).toBeUndefined()
    expect(findViolation([lost, at('b', 'take', true, 5, 6)], '', lock)).toBeUndefined()
  })
})
