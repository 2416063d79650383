import type { CachedOptions } from '../options.js'
import { readThrough } from '../read-through.js'
import type { Reader } from '../reader.js'
import { fitted } from '../schema.js'

/** The read path of functions with options beyond the plain one. */
export function createReader(_options: CachedOptions): Reader {
  return (engine, request) => readThrough(engine, fitted(request))
}
