// 1,000 concurrent calls of one cold key, in four processes with one Redis server, over a loader that takes 20 ms.
import { compare } from './harness.mjs'
import { listPeers } from './peers.mjs'
import { startRedis, withRedis } from './redis-server.mjs'
import { ratioTable, report, verdict } from './report.mjs'
import { PROCESSES } from './stampede-processes-row.mjs'
import { CALLS, LOADER_MS } from './stampede-row.mjs'

const quick = process.argv.includes('--quick')
// Less than a stampede takes: one in each round.
const load = { batches: quick ? 1 : 3, rounds: quick ? 3 : 9, roundMs: 1 }
await withRedis('stampede-processes', quick, run)

async function run(path) {
  const peers = quick ? [] : await listPeers('redis-caches')
  const redis = await startRedis(path)
  const row = (cache, database, name = cache) => ({
    name,
    module: './stampede-processes-row.mjs',
    args: [cache, `${redis.url}/${database}`],
  })
  try {
    const measured = await compare(
      [
        row('floor', 0, 'FLOOR one call of the loader in each process'),
        { ...row('larder everywhere', 1, "larder, dedupe: 'everywhere'"), target: 1.25 * LOADER_MS },
        row('larder process', 2, "larder, dedupe: 'process'"),
        ...peers.map(({ name }, i) => row(name, 3 + i)),
      ],
      load,
    )
    report({
      suite: 'stampede-processes',
      title: `A stampede across processes: ${CALLS} concurrent calls of one cold key in ${PROCESSES} processes`,
      load: `${load.batches} batches of ${load.rounds} rounds of ${CALLS} calls for each row, a new key in each; the loader takes ${LOADER_MS} ms; redis-server ${redis.version} on loopback`,
      tables: [
        ratioTable({
          title: `In ${PROCESSES} processes`,
          note: 'From the moment the processes are told the key until the last of them has all its answers. The floor is the same without a cache, with one call in each process. `runs`: the most often that one stampede ran the loader, in all processes together.',
          unit: 'ms',
          measured,
          judge: ({ ns, target }) => verdict(ns / 1e6, target, ' ms'),
        }),
      ],
      quick,
    })
  } finally {
    await redis.stop()
  }
}
