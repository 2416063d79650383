import { config } from './env.js'
import { Problem } from './problem.js'

/** @throws Problem unless the request carries `ADMIN_TOKEN`. */
export function assertAdmin(request: Request): void {
  const bytes = (text: string) => new TextEncoder().encode(text)
  const given = bytes(request.headers.get('authorization') ?? '')
  const wanted = bytes(`Bearer ${config.ADMIN_TOKEN}`)
  // In constant time: how long the answer takes must not tell how much of the token was right.
  const isRight = given.byteLength === wanted.byteLength && crypto.subtle.timingSafeEqual(given, wanted)
  if (!config.ADMIN_TOKEN || !isRight) throw new Problem(401, 'this is for those who know ADMIN_TOKEN')
}
