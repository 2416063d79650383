import { compare } from './harness.mjs'
import { listPeers } from './peers.mjs'
import { ratioTable, report } from './report.mjs'

const quick = process.argv.includes('--quick')
const load = quick ? { batches: 1, rounds: 5, roundMs: 10 } : { batches: 5, rounds: 9, roundMs: 15 }

/**
 * Measures hits within the process, 64 live keys, each call awaited before the next; the argument an id, then an object.
 *
 * @param {object} suite
 * @param {string} suite.name
 * @param {string} suite.title
 * @param {string} suite.note what there is to know of the rows, beside what all such suites have in common
 * @param {{ name: string, isHeld: boolean }[]} suite.caches ours, and which of them are held to the targets
 * @param {{ id: number, object: number }} suite.targets
 */
export async function hitSuite({ name, title, note, caches, targets }) {
  const peers = quick ? [] : await listPeers('caches')

  async function measure(argument, kind) {
    const row = (cache, target) => ({ name: cache, module: './hit-row.mjs', args: [cache, kind], target })
    const measured = await compare(
      [
        { ...row('floor'), name: 'FLOOR Map.get' },
        ...caches.map((cache) => row(cache.name, cache.isHeld ? targets[kind] : undefined)),
        ...peers.map((cache) => row(cache.name)),
      ],
      load,
    )
    return ratioTable({
      title: `The argument ${argument}`,
      note: `The floor: \`Map.get\` in an async function. The result is an object of four fields. ${note}`,
      measured,
    })
  }

  report({
    suite: name,
    title,
    load: `${load.batches} batches of ${load.rounds} rounds of ${load.roundMs} ms for each row; 64 live keys, sequentially awaited`,
    tables: [await measure('an id', 'id'), await measure('an object { a, b, c }', 'object')],
    quick,
  })
}
