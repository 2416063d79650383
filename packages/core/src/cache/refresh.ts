import { type Engine, fallBack, type Request, read } from './engine.js'
import { evict, tellOthers } from './evict.js'
import { fit } from './fit.js'
import { loadAndFill } from './load.js'
import { isExtended } from './reader.js'

/**
 * Loads, whatever is stored, and stores the result. Where something else got stored in between, or the result is not to
 * be stored, nothing stays: what is there is older than the result, or came from a load beside it, and nobody can tell.
 */
export async function refresh<Result>(engine: Engine, wanted: Request<Result>): Promise<Result> {
  const request = await fit(wanted)
  const { key, stampKeys, policy } = request
  const { monotonicMs } = engine.context
  const failed = (error: unknown) => fallBack(engine, policy.prefix, error)
  // Not on the board: what fails here, or takes its time, is no reader's business while an entry is stored. An eviction
  // meanwhile is told by what the key holds then.
  const flight = { key, stampKeys, abandoned: false, promise: undefined as never, scope: undefined }
  const startedMs = monotonicMs()
  const values = (await read(engine, request).catch(failed)) ?? undefined
  const readMs = monotonicMs() - startedMs
  const prepared = isExtended(policy.options)
    ? (await import('./extended/prepare.js')).prepare(engine, request, values)
    : request
  const { result, stored } = await loadAndFill(engine, prepared, flight, values, readMs)
  if (stored) {
    // What it was before is gone, in every process.
    engine.near?.evict([key], [])
    await tellOthers(engine, [key], [])
  } else if (values) await evict(engine, [key], []).catch(failed)
  else await evictBehind(engine, [key])
  return result
}

/**
 * Evicts after a refresh whose caller has waited for the store once, in vain: what it still holds is older than what was
 * loaded, and goes when it is back.
 */
export async function evictBehind(engine: Engine, keys: readonly string[]): Promise<void> {
  const evicted = evict(engine, keys, []).catch(() => {})
  await import('../platform/background.js').then(
    ({ background }) => background(engine.context, evicted),
    () => {},
  )
}
