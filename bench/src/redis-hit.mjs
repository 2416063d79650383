// What a hit costs where the store is a Redis server: 1,024 live keys, nothing kept in the process.
import { compare } from './harness.mjs'
import { pinToOneCore } from './one-core.mjs'
import { listPeers } from './peers.mjs'
import { clientVersions, KEYS, ours } from './redis-hit-row.mjs'
import { startRedis, withRedis } from './redis-server.mjs'
import { ratioTable, report } from './report.mjs'

const quick = process.argv.includes('--quick')
const load = quick ? { batches: 1, rounds: 2, roundMs: 10 } : { batches: 3, rounds: 7, roundMs: 60 }

/** A value's size, how many calls are in flight, and the most times the floor that ours may take. */
const cases = [
  { size: '100 B', inFlight: 1, target: 1.15 },
  { size: '100 B', inFlight: 16, target: 0.7 },
  { size: '100 B', inFlight: 256, target: 0.4 },
  { size: '10 KB', inFlight: 1, target: 1.1 },
  { size: '10 KB', inFlight: 16, target: 1.1 },
]

await withRedis('redis-hit', quick, run)

async function run(path) {
  const peers = quick ? [] : await listPeers('redis-caches')
  const core = pinToOneCore()
  if (core === undefined)
    console.log('There is no `taskset`: client and server run on any core, and ratios vary more.\n')
  const redis = await startRedis(path)
  try {
    const tables = []
    for (const one of quick ? cases.slice(0, 3) : cases) tables.push(await measure(one, peers, redis.url))
    const where = core === undefined ? 'client and server on any core' : `client and server on core ${core}`
    report({
      suite: 'redis-hit',
      title: 'What a hit through Redis costs',
      load: `${load.batches} batches of ${load.rounds} rounds of ${load.roundMs} ms for each row; ${KEYS} live keys; redis-server ${redis.version} on loopback, ${where}; ioredis ${clientVersions.join(' and ')}`,
      tables,
      quick,
    })
  } finally {
    await redis.stop()
  }
}

async function measure({ size, inFlight, target }, peers, url) {
  const rows = [...ours, ...peers].map(({ name, isLarder, floor }, database) => ({
    name,
    floor,
    module: './redis-hit-row.mjs',
    args: [name, size, String(inFlight), `${url}/${database}`],
    target: isLarder ? target : undefined,
  }))
  return ratioTable({
    title: `${size}, ${inFlight} in flight`,
    note: 'Larder is compared with the client that it uses itself. `commands`: how many the server got for as many hits as are in flight.',
    unit: 'us',
    measured: await compare(rows, load),
  })
}
