import type { Engine, Request } from './engine.js'
import type { CachedOptions } from './options.js'
import { readThrough } from './read-through.js'

/** How the calls of one cached function are answered. */
export type Reader = <Result>(engine: Engine, request: Request<Result>) => Promise<Result>

/** The options that the plain read path does not know. Their code is loaded by the first call that needs it. */
const EXTENDED = ['schema', 'migrate'] as const satisfies readonly (keyof CachedOptions)[]

/** The plain read path, unless an option asks for more. */
export function readerFor(options: CachedOptions): Reader {
  if (!EXTENDED.some((name) => options[name])) return readThrough
  let reader: Reader | undefined
  return async (engine, request) => {
    reader ??= (await import('./extended/reader.js')).createReader(options)
    return reader(engine, request)
  }
}
