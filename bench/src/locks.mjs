// What a lock costs that nobody else wants, and how long it takes to go from one holder to the next.
import { compare } from './harness.mjs'
import { CONTENDERS, floors, HOLD_MS, ours } from './locks-row.mjs'
import { pinToOneCore } from './one-core.mjs'
import { listPeers } from './peers.mjs'
import { startRedis, withRedis } from './redis-server.mjs'
import { ratioTable, report, verdict } from './report.mjs'

const quick = process.argv.includes('--quick')
const pairLoad = quick ? { batches: 1, rounds: 2, roundMs: 10 } : { batches: 3, rounds: 7, roundMs: 60 }
// Less than all holding it one after the other takes: once in each round.
const handOverLoad = quick ? { batches: 1, rounds: 1, roundMs: 1 } : { batches: 1, rounds: 5, roundMs: 1 }
const PAIR_TARGET = 1.05
const HAND_OVER_TARGET_MS = 0.6
const MAKESPAN_TARGET_MS = 95

await withRedis('locks', quick, run)

async function run(path) {
  const peers = quick ? [] : await listPeers('locks')
  const core = pinToOneCore()
  const redis = await startRedis(path)
  const rows = (work, locks) =>
    locks.map(({ name, isLarder }, database) => ({
      name,
      module: './locks-row.mjs',
      args: [work, name, `${redis.url}/${database}`],
      target: isLarder ? PAIR_TARGET : undefined,
    }))
  try {
    const alone = [floors.pair, ...ours, ...peers.filter(({ onlyWaiting }) => !onlyWaiting)]
    const pair = ratioTable({
      title: 'Acquire and release, uncontended',
      note: '`commands per lock`: how many the server got for one acquire and its release. Larder numbers its holders (`fence`) and publishes the release, which the floor and the peers do not.',
      unit: 'us',
      measured: await compare(rows('pair', alone), pairLoad),
    })
    const measured = await compare(rows('handOver', [floors.handOver, ...ours, ...peers]), handOverLoad)
    const handOver = ratioTable({
      title: `Hand-over: ${CONTENDERS} contenders in one process, each holds it for ${HOLD_MS} ms`,
      note: `The floor hands a token on by a list: each contender blocks a connection. \`ms\`: until all have had it, ${CONTENDERS * HOLD_MS} at best. \`hand-over\`: from the call of a release to the next holder.`,
      unit: 'ms',
      measured: measured.map(({ facts: { p50: _, ...facts }, ...row }) => ({ ...row, facts })),
      judge: ({ ns, target, name }) => {
        if (target === undefined) return ''
        const { p50 } = measured.find((row) => row.name === name).facts
        return `${verdict(ns / 1e6, MAKESPAN_TARGET_MS, ' ms')}; p50 ${verdict(p50, HAND_OVER_TARGET_MS, ' ms')}`
      },
    })
    const where = core === undefined ? 'client and server on any core' : `client and server on core ${core}`
    report({
      suite: 'locks',
      title: 'What a lock costs, and how fast it is handed over',
      load: `${pairLoad.batches} batches of ${pairLoad.rounds} rounds of ${pairLoad.roundMs} ms for each row; hand-over: ${handOverLoad.rounds} rounds; redis-server ${redis.version} on loopback, ${where}`,
      tables: [pair, handOver],
      quick,
    })
  } finally {
    await redis.stop()
  }
}
