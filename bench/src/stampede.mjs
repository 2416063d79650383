// 1,000 concurrent calls of one cold key, in one process, over a loader that takes 20 ms.
import { compare } from './harness.mjs'
import { listPeers } from './peers.mjs'
import { ratioTable, report, verdict } from './report.mjs'
import { CALLS, LOADER_MS } from './stampede-row.mjs'

const quick = process.argv.includes('--quick')
// Less than a stampede takes: one in each round.
const load = { batches: quick ? 1 : 5, rounds: quick ? 3 : 7, roundMs: 1 }
const peers = quick ? [] : await listPeers('caches')

const row = (cache, name = cache) => ({ name, module: './stampede-row.mjs', args: [cache] })
const measured = await compare(
  [
    row('floor', 'FLOOR a Map of promises'),
    { ...row('larder embedded'), target: 21 },
    { ...row('larder as over a network'), target: 21 },
    ...peers.map(({ name }) => row(name)),
  ],
  load,
)
report({
  suite: 'stampede',
  title: `A stampede: ${CALLS} concurrent calls of one cold key`,
  load: `${load.batches} batches of ${load.rounds} rounds of ${CALLS} calls for each row, a new key in each; the loader takes ${LOADER_MS} ms`,
  tables: [
    ratioTable({
      title: 'In one process',
      note: 'The floor: a promise kept by hand while it is pending. `runs`: the most often that one stampede ran the loader. `adapter calls`: what one stampede asks of the store.',
      unit: 'ms',
      measured,
      judge: ({ ns, target }) => verdict(ns / 1e6, target, ' ms'),
    }),
  ],
  quick,
})
