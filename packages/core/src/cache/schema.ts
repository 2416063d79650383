import type { Any } from '../decorate/types.js'
import { UncacheableValueError } from '../errors/uncacheable-value-error.js'
import { invalidOption } from '../errors/usage-error.js'
import type { MissReason } from '../events/events.js'
import type { Serializer } from '../serialize/serializer.js'
import type { Policy, Request } from './engine.js'
import type { CachedOptions } from './options.js'

/**
 * A schema by Standard Schema v1 (https://standardschema.dev), as those of zod, valibot and arktype are. Declared here
 * as far as it is used, so that nothing has to be installed.
 */
export interface Schema<Output = Any> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
  }
}

/** The value as the schema gives it, or why it has none. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  /** For people. */
  readonly message: string
  /** Where in the value; nothing for the whole of it. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What is stored does not fit, nor what `migrate` made of it. */
class SchemaMismatch extends Error {}

/** Why what is stored could not be decoded. */
export function missReason(error: unknown): MissReason {
  return error instanceof SchemaMismatch ? 'schema' : 'unreadable'
}

const fittedPolicies = new WeakMap<Policy<Any>, Policy<Any>>()

/**
 * The same request, with `schema` and `migrate` heeded: loads give what the schema makes of their results, decoding
 * rejects for what does not fit (see {@link missReason}), and results that do not fit are refused when they are to be
 * stored. A request that is so already, or has no schema, is given back.
 *
 * @throws UsageError (`ERR_INVALID_OPTION`) for a `schema` that is none, and for `migrate` without one
 */
export function fitted<Result>(request: Request<Result>): Request<Result> {
  const { options } = request.policy
  if (!options?.schema && !options?.migrate) return request
  let policy = fittedPolicies.get(request.policy)
  if (policy === request.policy) return request
  const { schema } = options
  assertSchema(schema)
  if (!policy) {
    policy = { ...request.policy, serializer: createSerializer(request.policy.serializer, schema, options.migrate) }
    fittedPolicies.set(request.policy, policy).set(policy, policy)
  }
  return { ...request, policy, load: async () => normalize(schema, await request.load()) }
}

/** What the schema makes of a result. One that does not fit is its callers' all the same: it is given back. */
async function normalize<Result>(schema: Schema, result: Result): Promise<Result> {
  try {
    const found = await validate(schema, result)
    return found.issues ? result : (found.value as Result)
  } catch {
    return result
  }
}

function createSerializer(inner: Serializer, schema: Schema, migrate: CachedOptions['migrate']): Serializer {
  return {
    async serialize(value, key) {
      const { issues } = await validate(schema, value)
      if (issues) throw new UncacheableValueError(pathOf(issues), 'not what `schema` allows', issues)
      return inner.serialize(value, key)
    },
    async deserialize(text, key) {
      const stored = await inner.deserialize(text, key)
      try {
        const found = await validate(schema, stored)
        if (!found.issues) return found.value
        const migrated = await migrate?.(stored)
        if (migrated !== undefined) {
          const second = await validate(schema, migrated)
          if (!second.issues) return second.value
        }
      } catch (error) {
        throw new SchemaMismatch('it could not be checked', { cause: error })
      }
      throw new SchemaMismatch('it does not fit')
    },
  }
}

async function validate(schema: Schema, value: unknown): Promise<SchemaResult<unknown>> {
  return schema['~standard'].validate(value)
}

/** `$.rows.0`: where the first issue is. */
function pathOf([issue]: readonly SchemaIssue[]): string {
  const steps = issue?.path?.map((step) => (typeof step === 'object' ? step.key : step)) ?? []
  return ['$', ...steps].map(String).join('.')
}

function assertSchema(schema: unknown): asserts schema is Schema {
  if (schema === undefined)
    throw invalidOption('migrate', 'needs `schema`: that is what tells a value that does not fit')
  if (typeof (schema as Schema | null)?.['~standard']?.validate !== 'function') {
    throw invalidOption('schema', 'must speak Standard Schema v1, as schemas of zod, valibot and arktype do')
  }
}
