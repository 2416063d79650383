// What a hit costs where the store is reached over HTTP: nothing is kept in the process.
import { createRequire } from 'node:module'
import { compare } from './harness.mjs'
import { clientVersion, KEYS, rows } from './http-hit-row.mjs'
import { pinToOneCore } from './one-core.mjs'
import { startRedis, withRedis } from './redis-server.mjs'
import { ratioTable, report } from './report.mjs'

const quick = process.argv.includes('--quick')
const load = quick ? { batches: 1, rounds: 2, roundMs: 10 } : { batches: 3, rounds: 7, roundMs: 100 }
const token = 'bench'

/** A value's size, how many calls are in flight, and the most times the floor that ours may take. */
const cases = [
  { size: '100 B', inFlight: 1, target: 1.15 },
  { size: '100 B', inFlight: 16 },
  { size: '100 B', inFlight: 256 },
  { size: '10 KB', inFlight: 1, target: 1.15 },
]

await withRedis('http-hit', quick, run)

async function run(path) {
  const { createGateway } = createRequire(new URL('../../packages/adapters/package.json', import.meta.url))(
    '@larder/gateway',
  )
  const core = pinToOneCore()
  if (core === undefined)
    console.log('There is no `taskset`: client and servers run on any core, and ratios vary more.\n')
  const redis = await startRedis(path)
  // A database for each row, and so a gateway: they run in this process, which else only waits.
  const gateways = await Promise.all(
    rows.map((_, database) => createGateway({ redis: `${redis.url}/${database}`, port: 0, token })),
  )
  try {
    const tables = []
    for (const one of quick ? cases.slice(0, 2) : cases) tables.push(await measure(one, gateways))
    const where = core === undefined ? 'client and servers on any core' : `client and servers on core ${core}`
    report({
      suite: 'http-hit',
      title: 'What a hit over HTTP costs',
      load: `${load.batches} batches of ${load.rounds} rounds of ${load.roundMs} ms for each row; ${KEYS} live keys; @larder/gateway and redis-server ${redis.version} on loopback, ${where}; @upstash/redis ${clientVersion}`,
      tables,
      quick,
    })
  } finally {
    await Promise.all(gateways.map((gateway) => gateway.close()))
    await redis.stop()
  }
}

async function measure({ size, inFlight, target }, gateways) {
  const specs = rows.map(({ name, isLarder }, i) => ({
    name,
    module: './http-hit-row.mjs',
    args: [name, size, String(inFlight), gateways[i].url, token],
    target: isLarder ? target : undefined,
  }))
  return ratioTable({
    title: `${size}, ${inFlight} in flight`,
    note: 'Over the network, a request takes far longer than the work that is measured here.',
    unit: 'us',
    measured: await compare(specs, load),
  })
}
