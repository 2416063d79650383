// What it costs to write and to read a plain value of 100 rows.
import { compare } from './harness.mjs'
import { listPeers } from './peers.mjs'
import { ratioTable, report } from './report.mjs'

const quick = process.argv.includes('--quick')
const load = quick ? { batches: 1, rounds: 5, roundMs: 10 } : { batches: 5, rounds: 9, roundMs: 30 }
const peers = quick ? [] : await listPeers('serializers')

report({
  suite: 'serialize',
  title: 'Writing and reading a plain value of 100 rows',
  load: `${load.batches} batches of ${load.rounds} rounds of ${load.roundMs} ms for each row`,
  tables: [
    await measure('Write', 'The floor: `JSON.stringify`.', 'write', 1.15),
    await measure('Read', 'The floor: `JSON.parse`.', 'read'),
  ],
  quick,
})

async function measure(title, note, half, target) {
  const row = (serializer, name = serializer) => ({ name, module: './serialize-row.mjs', args: [serializer, half] })
  const measured = await compare(
    [
      row('floor', 'FLOOR JSON'),
      { ...row('larder', 'larder defaultSerializer'), target },
      row('compressed', 'larder compressed()'),
      row('encrypted', 'larder encrypted()'),
      row('both', 'larder encrypted(compressed())'),
      ...peers.map(({ name }) => row(name)),
    ],
    load,
  )
  return ratioTable({ title, note, unit: 'us', measured })
}
