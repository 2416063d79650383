import type { Request } from './engine.js'

/** The request with `schema` heeded, as `schema.ts` does it: its code is loaded by the first request that needs it. */
export async function fit<Result>(request: Request<Result>): Promise<Request<Result>> {
  const { options } = request.policy
  return options?.schema || options?.migrate ? (await import('./schema.js')).fitted(request) : request
}
