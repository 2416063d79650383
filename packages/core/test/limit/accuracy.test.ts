import { beforeAll, expect, test } from 'vitest'
import { createLarder, type LimitRule, memory } from '../../src/index.js'

const LIMIT = 100
const WINDOW_MS = 60_000
const DURATION_MS = 20 * WINDOW_MS
const LOADS = [0.9, 1, 2]
const SEEDS = [1, 2]

/** Numbers from 0 to 1 that are the same on every run (mulberry32, a public-domain generator). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Calls as they come from many callers at random, at a rate that changes each ten seconds: quiet, busy or a rush. */
function arrivals(load: number, seed: number): number[] {
  const random = seeded(seed)
  const times: number[] = []
  let rate = 1
  let changesAtMs = 0
  for (let atMs = 0; atMs < DURATION_MS; ) {
    while (changesAtMs <= atMs) {
      rate = [0.2, 0.8, 2][Math.floor(random() * 3)] as number
      changesAtMs += 10_000
    }
    atMs += (-Math.log(1 - random()) * WINDOW_MS) / (LIMIT * load * rate)
    times.push(Math.floor(atMs))
  }
  return times
}

async function admitted(rule: Partial<LimitRule>, calls: readonly number[]): Promise<number> {
  let nowMs = 0
  const now = () => 1_700_000_000_000 + nowMs
  const { limiter } = createLarder({ adapter: memory({ now }), now })
  const api = limiter({ prefix: 'api', limit: LIMIT, per: `${WINDOW_MS}ms`, blockCache: 0, ...rule })
  let count = 0
  for (const atMs of calls) {
    nowMs = atMs
    if ((await api.check('k')).allowed) count++
  }
  return count
}

const traffic = LOADS.map((load) => SEEDS.map((seed) => arrivals(load, seed)))
const total = (rule: Partial<LimitRule>) =>
  Promise.all(
    traffic.map(async (runs) =>
      (await Promise.all(runs.map((calls) => admitted(rule, calls)))).reduce((a, b) => a + b),
    ),
  )

let exact: number[]
beforeAll(async () => {
  exact = await total({ algorithm: 'sliding-log' })
}, 120_000)

/** The least and the most that is expected, of what an exact log admits. The guide quotes these. */
test.each<[string, Partial<LimitRule>, least: number, most: number]>([
  ['sliding-window', {}, 0.95, 1],
  ['sliding-window, approximate', { approximate: true }, 0.98, 1.05],
  ['gcra', { algorithm: 'gcra' }, 1, 1.25],
  ['gcra with a tenth as burst', { algorithm: 'gcra', burst: 10 }, 0.7, 1],
  ['fixed-window', { algorithm: 'fixed-window' }, 0.98, 1.15],
])(
  '%s on bursty load, at 0.9, 1 and 2 times the limit, admits nearly what an exact log does',
  async (name, rule, least, most) => {
    const ratios = (await total(rule)).map((count, i) => count / (exact[i] as number))
    console.log(`${name}: ${ratios.map((ratio) => ratio.toFixed(3)).join(' / ')}`)
    for (const ratio of ratios) {
      expect(ratio).toBeGreaterThanOrEqual(least)
      expect(ratio).toBeLessThanOrEqual(most)
    }
  },
  60_000,
)
