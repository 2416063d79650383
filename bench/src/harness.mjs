import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Enough to settle how many calls fill a round. */
const WARM_UP_ROUNDS = 6
/** For how many rounds' time each row runs before the first that counts: some packages are compiled later than others. */
const WARM_UP_SHARES = 12
const worker = fileURLToPath(new URL('worker.mjs', import.meta.url))

/**
 * Runs rows beside each other and compares them with a floor.
 *
 * A machine is never equally fast for long, so no row is timed by itself. Each round times every row once, beginning
 * one row further than the round before (A B C, B C A, …), and a row's time is divided by that of the floor in the same
 * round. What is reported is the median of these ratios, and the 10th and 90th percentile as the spread.
 *
 * Each row lives in a process of its own, and only one runs at a time. In a common process rows would slow one another,
 * the floor too: some packages make every promise of their process dearer, just by being used.
 *
 * @typedef {object} RowSpec
 * @property {string} name
 * @property {string} module file beside this one whose default export makes the row: see `worker.mjs`
 * @property {string[]} args what that is called with
 * @property {number} [target] the most times the floor that the row may take
 * @property {string} [floor] the name of the row that it is compared with; the first unless given
 *
 * @typedef {object} Load
 * @property {number} batches how often every row starts afresh: no two processes are compiled quite alike
 * @property {number} rounds how many rounds there are in each batch
 * @property {number} roundMs how long a row is to run in each round
 *
 * @param {RowSpec[]} specs
 * @param {Load} load
 * @throws when a row cannot be made, or did not do what it claims
 */
export async function compare(specs, load) {
  const results = specs.map(({ name, target }) => ({ name, target, samples: [], ratios: [] }))
  const floors = specs.map(({ floor }) => (floor === undefined ? 0 : specs.findIndex(({ name }) => name === floor)))
  for (let batch = 0; batch < load.batches; batch++) {
    const rows = await runBatch(specs, load)
    rows.forEach(({ samples, calls, facts }, i) => {
      const { samples: all, ratios } = results[i]
      all.push(...samples)
      ratios.push(...samples.map((ns, round) => ns / rows[floors[i]].samples[round]))
      Object.assign(results[i], { facts, callsPerRound: calls })
    })
  }
  return results.map(({ samples, ratios, ...row }) => ({
    ...row,
    ns: quantile(samples, 0.5),
    ratio: quantile(ratios, 0.5),
    p10: quantile(ratios, 0.1),
    p90: quantile(ratios, 0.9),
    rounds: ratios.length,
  }))
}

async function runBatch(specs, { rounds, roundMs }) {
  const rows = []
  try {
    for (const spec of specs) rows.push({ ...(await start(spec)), calls: 1, warmMs: 0, samples: [] })

    // Warm-up, and for each row the number of calls that fills its share of a round.
    const isCold = ({ warmMs }) => warmMs < WARM_UP_SHARES * roundMs
    for (let round = 0; round < WARM_UP_ROUNDS || rows.some(isCold); round++) {
      for (const row of rows) {
        const ns = await row.ask({ calls: row.calls })
        row.warmMs += (ns * row.calls) / 1e6
        row.calls = Math.max(1, Math.ceil((roundMs * 1e6) / ns))
      }
    }
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < rows.length; i++) {
        const row = rows[(round + i) % rows.length]
        row.samples.push(await row.ask({ calls: row.calls }))
      }
    }
    for (const row of rows) Object.assign(row.facts, await row.ask('check'))
    return rows
  } finally {
    for (const row of rows) row.stop()
  }
}

/** Starts a row's process. `ask` resolves to its answer. */
async function start({ name, module, args }) {
  const child = fork(worker, [module, ...args], { execArgv: ['--expose-gc'] })
  const answer = () =>
    new Promise((resolve, reject) => {
      const settle = (act) => {
        child.off('message', onMessage)
        child.off('exit', onExit)
        act()
      }
      const onMessage = (message) =>
        settle(() => (message.error ? reject(new Error(`${name}: ${message.error}`)) : resolve(message.value)))
      const onExit = (code) => settle(() => reject(new Error(`${name}: its process ended with ${code}`)))
      child.on('message', onMessage)
      child.on('exit', onExit)
    })
  const facts = await answer()
  return {
    facts,
    ask(question) {
      child.send(question)
      return answer()
    },
    stop: () => child.connected && child.disconnect(),
  }
}

/** The value at or under which the share `q` of `values` lies (nearest rank). */
export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]
}
