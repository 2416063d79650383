import type { Any } from '../../decorate/types.js'
import { invalidOption } from '../../errors/usage-error.js'
import type { CachedOptions } from '../options.js'
import type { Schema } from '../schema.js'

/** What tells one item from another. Only what a `Map` compares by its content. */
export type ManyId = string | number | bigint

const OPTIONS = [
  'ttl',
  'prefix',
  'key',
  'scope',
  'tags',
  'nullTtl',
  'when',
  'unless',
  'jitter',
  'version',
  'schema',
  'migrate',
  'serializer',
  'budget',
] as const satisfies readonly (keyof CachedOptions)[]

/**
 * What `@CachedMany` and `cachedMany` can be told: of the options of `@Cached`, those that make sense for each id.
 *
 * Every callback is called once for each id, as if the function took a single one: it gets the id, the further arguments
 * of the call, and its `this`. `ttl`, `unless` and `schema` are about one value and never see an absent id, which is kept
 * for `nullTtl`; that is the `ttl` unless given, and 0 where the `ttl` is a function of the value. Ids for which `when` or
 * `scope` bypass the cache are loaded in the same call as those that are missing.
 */
export interface CachedManyOptions<Id extends ManyId = Any, Rest extends Any[] = Any[], Value = Any>
  extends Pick<CachedOptions<[id: Id, ...rest: Rest], Value>, (typeof OPTIONS)[number]> {}

/** Of the defaults for `@Cached`, those that make sense for each id, and before them a function's own. */
export function withDefaults(defaults: CachedOptions | undefined, own: CachedManyOptions): CachedManyOptions {
  const given = Object.entries(defaults ?? {}).filter(([name]) => (OPTIONS as readonly string[]).includes(name))
  return { ...Object.fromEntries(given), ...own }
}

/**
 * The options of the function that takes a single id, and gives `undefined` for an absent one.
 * @throws UsageError that names the option at fault
 */
export function toSingle(options: CachedManyOptions): CachedOptions {
  for (const name in options) {
    if (!(OPTIONS as readonly string[]).includes(name)) {
      throw invalidOption(name, `is none of what cachedMany and @CachedMany can be told: ${OPTIONS.join(', ')}`)
    }
  }
  const { ttl, unless, schema } = options
  return {
    ...options,
    ttl: typeof ttl === 'function' ? (value) => (value === undefined ? 0 : ttl(value)) : ttl,
    ...(unless && { unless: (value) => value !== undefined && unless(value) }),
    ...(schema && { schema: allowAbsent(schema) }),
  }
}

function allowAbsent(schema: Schema): Schema {
  const standard = schema['~standard']
  if (typeof standard?.validate !== 'function') return schema
  return {
    '~standard': {
      ...standard,
      validate: (value) => (value === undefined ? { value } : standard.validate(value)),
    },
  }
}
