import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { CALLS } from './stampede-row.mjs'

export const PROCESSES = 4

const worker = fileURLToPath(new URL('stampede-processes-worker.mjs', import.meta.url))

/**
 * One call of a row is one stampede: `CALLS` calls, spread over the processes, of a key that nobody has asked for yet.
 *
 * @param {string} name `floor`, ours or a peer
 * @param {string} url of a database that nobody else uses
 */
export default async function stampedeProcessesRow(name, url) {
  const children = Array.from({ length: PROCESSES }, () => fork(worker, [name, url]))
  process.once('exit', () => {
    for (const child of children) child.kill()
  })
  await Promise.all(children.map((child) => once(child, 'message')))

  let stampedes = 0
  let runsMost = 0
  const calls = name === 'floor' ? 1 : CALLS / PROCESSES
  const ask = async (child, id) => {
    const answer = once(child, 'message')
    child.send({ id, calls })
    const [{ runs }] = await answer
    return runs
  }
  async function stampede() {
    // The database is that of the row's other batches too.
    const id = `product-${process.pid}-${stampedes++}`
    const runs = await Promise.all(children.map((child) => ask(child, id)))
    return runs.reduce((sum, each) => sum + each)
  }
  // Connections, subscriptions and code: a process that has none of them yet may go on without the store.
  for (let i = 0; i < 5; i++) await stampede()
  return {
    async call() {
      runsMost = Math.max(runsMost, await stampede())
    },
    check() {
      if (name.endsWith('everywhere') && runsMost !== 1) throw new Error(`the loader ran ${runsMost} times`)
      return { runs: runsMost }
    },
  }
}
