/**
 * One row, in a process of its own. The harness says how often to call it and gets the time of a call.
 *
 * @typedef {object} Row
 * @property {(i: number) => unknown} call one unit of work; `i` counts up from 0
 * @property {boolean} [sync] whether `call` gives its result and no promise
 * @property {number} [inFlight] how many calls there are at any time, each begun when another ends; 1 unless given
 * @property {() => unknown} [check] run after the last round; throws when the row did not do what it claims, and may
 * give more facts
 * @property {object} [facts] what else there is to report
 */

/** What was last computed, so that no call can be dropped as unused. */
export let last

const [module, ...args] = process.argv.slice(2)
process.on('disconnect', () => process.exit())
try {
  const { default: make } = await import(new URL(module, import.meta.url))
  const row = await make(...args)
  process.on('message', async (question) => {
    try {
      process.send({ value: question === 'check' ? await row.check?.() : await time(row, question.calls) })
    } catch (error) {
      process.send({ error: String(error?.stack ?? error) })
    }
  })
  process.send({ value: row.facts ?? {} })
} catch (error) {
  process.send({ error: String(error?.stack ?? error) })
}

/** @returns nanoseconds for one call */
async function time({ call, sync, inFlight = 1 }, calls) {
  const loop = sync ? loopSync : inFlight === 1 ? loopAwait : loopTogether(inFlight)
  // What ran meanwhile has taken the processor's caches, and the last round has left garbage.
  await loop(call, Math.ceil(calls / 10))
  globalThis.gc({ type: 'minor' })
  const from = process.hrtime.bigint()
  await loop(call, calls)
  return Number(process.hrtime.bigint() - from) / calls
}

/** Calls one after the other, each awaited, as a handler would. */
async function loopAwait(call, calls) {
  for (let i = 0; i < calls; i++) last = await call(i)
}

function loopSync(call, calls) {
  for (let i = 0; i < calls; i++) last = call(i)
}

/** As many loops as there are calls in flight. The last of them end one by one, which many calls make up for. */
function loopTogether(inFlight) {
  return async (call, calls) => {
    let next = 0
    const loop = async () => {
      while (next < calls) last = await call(next++)
    }
    await Promise.all(Array.from({ length: inFlight }, loop))
  }
}
