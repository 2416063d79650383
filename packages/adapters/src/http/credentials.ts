import { check, type HttpOptions, invalid } from './options.js'

export interface Credentials {
  readonly url: string
  readonly token: string
  /** The option or the variable that the token is from, for messages. */
  readonly tokenFrom: string
}

/** The variables' names begin so. The first that has a URL is it. */
const PREFIXES = ['UPSTASH_REDIS_REST_', 'KV_REST_API_']

/**
 * Options, and behind them the environment. Secrets are looked at, and never printed.
 * @throws UsageError that names the option or the variable at fault.
 */
export function findCredentials({ url, token, env = processEnv }: HttpOptions): Credentials {
  const variables = (typeof env === 'function' ? env() : env) as Readonly<Record<string, unknown>>
  const find = (names: readonly string[]) => names.find((name) => variables[name])
  const urlFrom = url === undefined ? find(PREFIXES.map((prefix) => `${prefix}URL`)) : 'url'
  if (!urlFrom) throw invalid('url', 'is missing: give it, or `client`, or set UPSTASH_REDIS_REST_URL')
  // With a URL from a variable, the token is that variable's: another database's would be of no use.
  const names = url === undefined ? [urlFrom.replace(/URL$/, 'TOKEN')] : PREFIXES.map((prefix) => `${prefix}TOKEN`)
  const tokenFrom = token === undefined ? find(names) : 'token'
  if (!tokenFrom) throw invalid('token', `is missing: give it, or set ${names[0]}`)
  const found = { url: url ?? variables[urlFrom], token: token ?? variables[tokenFrom], tokenFrom }
  check('url', found.url, urlFrom)
  check('token', found.token, tokenFrom)
  // Both are text: it was checked.
  return found as Credentials
}

function processEnv(): object {
  return (globalThis as { process?: { env?: object } }).process?.env ?? {}
}
