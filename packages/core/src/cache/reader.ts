import { type Engine, fallBack, type Request } from './engine.js'
import { type CachedOptions, SPANS } from './options.js'
import { readThrough } from './read-through.js'

/** How the calls of one cached function are answered. */
export type Reader = <Result>(engine: Engine, request: Request<Result>) => Promise<Result>

/** The options that the plain read path does not know. Their code is loaded by the first call that needs it. */
const EXTENDED = [
  ...SPANS,
  'jitter',
  'earlyRefresh',
  'dedupe',
  'schema',
  'migrate',
  'local',
] as const satisfies readonly (keyof CachedOptions)[]

export function isExtended(options: CachedOptions | undefined): boolean {
  return EXTENDED.some((name) => options?.[name] !== undefined)
}

/** The plain read path, unless an option asks for more. */
export function readerFor(options: CachedOptions): Reader {
  if (!isExtended(options)) return readThrough
  let reader: Reader | undefined
  return (engine, request) =>
    reader
      ? reader(engine, request)
      : import('./extended/reader.js').then(
          ({ createReader }) => {
            reader ??= createReader()
            return reader(engine, request)
          },
          (error) => {
            fallBack(engine, request.policy.prefix, error)
            return request.load()
          },
        )
}
