import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundle, removeBundle, type Spawned, spawnLarder } from '../support/spawn-larder.js'
import { setUpServers, token } from './setup.js'

const servers = setUpServers()
let file: string
beforeAll(async () => {
  file = await bundle('loading-process.ts')
})
afterAll(() => removeBundle(file))

interface Answer {
  readonly results: string[]
  readonly loads: number
}

async function start(count: number): Promise<Spawned[]> {
  const env = { ADAPTER: 'http', UPSTASH_REDIS_REST_URL: servers.proxy.url, UPSTASH_REDIS_REST_TOKEN: token }
  const list = Array.from({ length: count }, () => spawnLarder(file, env))
  // Each leads once: code, scripts and stamps are there, and a load time is known.
  for (const [at, leader] of list.entries()) await ask(leader, 1, `warm ${at}`)
  return list
}

async function ask(process: Spawned, calls: number, key: string): Promise<Answer> {
  process.send({ calls, key, loadMs: 20 })
  return process.next<Answer & Record<string, unknown>>((line) => 'results' in line)
}

test('4 processes, 1,000 calls of one cold key: one load, three commands for each process', async () => {
  const list = await start(4)
  const bills: object[] = []
  for (const key of ['a', 'b', 'c']) {
    await servers.redis.resetStats()
    const answers = await Promise.all(list.map((process) => ask(process, 250, key)))
    expect(answers.reduce((sum, { loads }) => sum + loads, 0)).toBe(1)
    expect(new Set(answers.flatMap(({ results }) => results)).size).toBe(1)
    const { evalsha = 0, set = 0, get: _, ...others } = await servers.redis.commandStats()
    // The fill is a script here, with a GET and a SET in it, which were not sent.
    bills.push({ ...others, fill: evalsha, 'lease asked for': set - evalsha })
  }
  // Of three: where a machine is so busy that a leader takes longer than it ever did, the others look twice.
  expect(bills).toContainEqual({ mget: 4 + 3, 'lease asked for': 4, fill: 1 })
})
