import type { Any } from '../../decorate/types.js'
import type { Engine, Request } from '../engine.js'
import type { Reader } from '../reader.js'
import { fitted } from '../schema.js'
import { createTier, type NearTier } from './tier.js'

/** Asks the near tier, and where that has nothing to serve, `ask`; what that brings is kept. */
export function nearFirst(ask: Reader): Reader {
  let tier: NearTier | undefined
  return (engine, request) => {
    const near = tier ?? createTier(engine, fitted(request).policy)
    tier = near
    const below = () => askBelow(near, ask, engine, request)
    return near.get(request, below) ?? below()
  }
}

function askBelow<Result>(near: NearTier, ask: Reader, engine: Engine, request: Request<Result>): Promise<Result> {
  // Before the store is asked, or an eviction in between would go unnoticed.
  const ticket = near.begin(request as Request<Any>)
  if (!ticket) return ask(engine, request)
  return ask(engine, { ...request, near: ticket }).finally(ticket.end)
}
