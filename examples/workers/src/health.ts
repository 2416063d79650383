import { isShared, larder } from './larder.js'

/** How the larder is, and for whom it keeps things. */
export async function health(): Promise<Response> {
  const { ok, adapters } = await larder.health()
  const body = {
    ok,
    shared: isShared,
    kept: isShared
      ? 'in Redis, for all isolates'
      : 'in the memory of this isolate, for it alone: no Redis is configured',
    adapters: Object.fromEntries(
      Object.entries(adapters).map(([name, { error, ...rest }]) => [name, { ...rest, error: error && String(error) }]),
    ),
  }
  return Response.json(body, { status: ok ? 200 : 503 })
}
