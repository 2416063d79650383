import type { Any } from '../../decorate/types.js'
import type { ManyId } from './options.js'

/** A function of a list of ids, and possibly more, that resolves to a Map by id. */
export type ManyFunction = (this: Any, ids: Any[], ...rest: Any[]) => Promise<Map<ManyId, Any>>

/** The type of the ids. */
export type IdOf<F extends ManyFunction> = Parameters<F>[0] extends readonly (infer Id extends ManyId)[] ? Id : never

/** The arguments behind the ids. */
export type RestOf<F extends ManyFunction> = Parameters<F> extends [Any, ...infer Rest] ? Rest : []

/** The type of one value. */
export type ValueOf<F extends ManyFunction> = Awaited<ReturnType<F>> extends Map<Any, infer Value> ? Value : never
