// What a hit in the near tier costs: 64 live keys, each call awaited before the next.
import { compare } from './harness.mjs'
import { larderNearCaches } from './larder-caches.mjs'
import { listPeers } from './peers.mjs'
import { ratioTable, report } from './report.mjs'

const quick = process.argv.includes('--quick')
const load = quick ? { batches: 1, rounds: 5, roundMs: 10 } : { batches: 5, rounds: 9, roundMs: 15 }
const peers = quick ? [] : await listPeers('caches')

report({
  suite: 'near-hit',
  title: 'What a hit in the near tier costs',
  load: `${load.batches} batches of ${load.rounds} rounds of ${load.roundMs} ms for each row; 64 live keys, sequentially awaited`,
  tables: [
    await measure('Near hit, the argument an id', 'id', 3),
    await measure('Near hit, the argument an object { a, b, c }', 'object', 2.5),
  ],
  quick,
})

async function measure(title, kind, target) {
  const row = ({ name }, rowTarget) => ({ name, module: './hit-row.mjs', args: [name, kind], target: rowTarget })
  const measured = await compare(
    [
      { ...row({ name: 'floor' }), name: 'FLOOR Map.get' },
      ...larderNearCaches.map((cache) => row(cache, cache.name.endsWith('reference') ? target : undefined)),
      ...peers.map((cache) => row(cache)),
    ],
    load,
  )
  return ratioTable({
    title,
    note: 'The floor: `Map.get` in an async function. The result is an object of four fields. The near tier is bounded, has a ttl, and hears of evictions in other processes. `same object`: whether each hit gives the very object of the hit before; with `reference` it is frozen.',
    measured,
  })
}
