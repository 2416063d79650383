// What a rate-limit check costs where the store is a Redis server: 1,024 live keys, every call admitted.
import { compare } from './harness.mjs'
import { pinToOneCore } from './one-core.mjs'
import { listPeers } from './peers.mjs'
import { clientVersions, floors, KEYS, LIMIT, ours, WINDOW_MS } from './rate-limit-row.mjs'
import { startRedis, withRedis } from './redis-server.mjs'
import { ratioTable, report } from './report.mjs'

const quick = process.argv.includes('--quick')
const load = quick ? { batches: 1, rounds: 2, roundMs: 10 } : { batches: 3, rounds: 7, roundMs: 60 }

/** The most times the floor that ours may take. */
const cases = [
  { inFlight: 1, targets: { gcra: 1.25, 'sliding-window': 1.5 } },
  { inFlight: 64, targets: { gcra: 1.4, 'sliding-window': 1.8 } },
]

await withRedis('rate-limit', quick, run)

async function run(path) {
  const peers = quick ? [] : await listPeers('redis-limiters')
  const core = pinToOneCore()
  const redis = await startRedis(path)
  try {
    const tables = []
    for (const one of cases) tables.push(await measure(one, peers, redis.url))
    const where = core === undefined ? 'client and server on any core' : `client and server on core ${core}`
    report({
      suite: 'rate-limit',
      title: 'What a rate-limit check costs',
      load: `${load.batches} batches of ${load.rounds} rounds of ${load.roundMs} ms for each row; ${KEYS} live keys, ${LIMIT} per ${WINDOW_MS / 1000} s; redis-server ${redis.version} on loopback, ${where}; ioredis ${clientVersions.join(' and ')}`,
      tables,
      quick,
    })
  } finally {
    await redis.stop()
  }
}

async function measure({ inFlight, targets }, peers, url) {
  const rows = [...floors, ...ours, ...peers].map(({ name, algorithm, floor }, database) => ({
    name,
    floor,
    module: './rate-limit-row.mjs',
    args: [name, String(inFlight), `${url}/${database}`],
    target: targets[algorithm],
  }))
  return ratioTable({
    title: `${inFlight} in flight`,
    note: 'Larder is compared with the client that it uses itself. `commands`: on the wire + inside the script, for one call of a known key; `when denied` for one that is refused, `denied again` for the same once more.',
    unit: 'us',
    measured: await compare(rows, load),
  })
}
