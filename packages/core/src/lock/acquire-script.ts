import type { Script } from '../adapter/script.js'

/**
 * What a take of the lock gives: its fence, when it is held now; otherwise the holder's remaining milliseconds, -1 for a
 * key that somebody set for ever, and whether the holder will publish its release.
 */
export type Take = number | readonly [holderMs: number, announced: 0 | 1]

/**
 * How long a fence counter lasts. After that it starts anew from the clock, which is further on. It stands in the scripts,
 * for it never changes, but for tests that see one end.
 */
export const FENCE_TTL_MS = 86_400_000

/** The first character of tokens whose holder publishes its release, so that those who wait know whether to listen. */
export const ANNOUNCED = '@'

/**
 * Takes a lock if it is free and numbers the holder. The lock is a plain key with the token as its value, as `SET NX PX`
 * leaves it.
 *
 * Fences grow strictly for each key: a counter, begun at a thousand times the server's clock in milliseconds. So one that
 * has gone begins anew above itself, unless the key was taken a million times a second. It ends by the very clock that it
 * began at, so its time to live is given once: a take needs no command to renew it. Up to the year 2255 a fence is exact
 * as a number of JavaScript.
 *
 * What lies at the key may also be the places of `seats.ts`, which begin with `=`: they exclude this lock, and this lock
 * them.
 *
 * KEYS: the lock, its fence. ARGV: token, ttl in ms, the fence's ttl in ms: a day where it is left out.
 */
export const acquireScript: Script<Take> = {
  name: 'lock-acquire',
  lua: `if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  local fence = redis.call('INCR', KEYS[2])
  if fence > 1 then return fence end
  local clock = redis.call('TIME')
  fence = (clock[1] * 1000 + math.floor(clock[2] / 1000)) * 1000
  redis.call('SET', KEYS[2], string.format('%.0f', fence), 'PX', ARGV[3] or ${FENCE_TTL_MS})
  return fence
end
local announced = string.find(redis.call('GET', KEYS[1]), '^[@=]')
return { redis.call('PTTL', KEYS[1]), announced or 0 }`,
  step(view, [lock, counter], [token, ttlMs, fenceTtlMs = FENCE_TTL_MS]) {
    const holder = view.get(lock as string)
    if (holder !== null) return [view.pttl(lock as string), /^[@=]/.test(holder) ? 1 : 0]
    view.set(lock as string, String(token), Number(ttlMs))
    const last = view.get(counter as string)
    const leftMs = view.pttl(counter as string)
    const fence = last === null ? view.nowMs() * 1_000 : Number(last) + 1
    view.set(counter as string, String(fence), last === null ? Number(fenceTtlMs) : leftMs < 0 ? undefined : leftMs)
    return fence
  },
}
