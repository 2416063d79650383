import type { Script } from '../adapter/script.js'

/**
 * What a take of the lock gives: held, with its fence; or not, with the holder's remaining milliseconds, -1 for a key
 * that somebody set for ever, and whether the holder will publish its release.
 */
export type Take = readonly [taken: 0 | 1, fenceOrHolderMs: number, announced?: 0 | 1]

/** How long a fence counter outlives its last use. After that it starts anew from the clock, which is further on. */
const FENCE_TTL_MS = 86_400_000

/** The first character of tokens whose holder publishes its release, so that those who wait know whether to listen. */
export const ANNOUNCED = '@'

/**
 * Takes a lock if it is free and numbers the holder. The lock is a plain key with the token as its value, as `SET NX PX`
 * leaves it. Fences grow strictly for each key: a counter, begun at the server's clock in milliseconds, so that a counter
 * that has gone does not begin anew below itself.
 *
 * What lies at the key may also be the places of `seats.ts`, which begin with `=`: they exclude this lock, and this lock
 * them.
 *
 * KEYS: the lock, its fence. ARGV: token, ttl in ms, the fence's ttl in ms.
 */
export const acquireScript: Script<Take> = {
  name: 'lock-acquire',
  lua: `if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  local announced = string.find(redis.call('GET', KEYS[1]), '^[@=]')
  return { 0, redis.call('PTTL', KEYS[1]), announced or 0 }
end
local fence = redis.call('INCR', KEYS[2])
if fence == 1 then
  local clock = redis.call('TIME')
  fence = clock[1] * 1000 + math.floor(clock[2] / 1000)
  redis.call('SET', KEYS[2], string.format('%.0f', fence), 'PX', ARGV[3])
else
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
return { 1, fence }`,
  step(view, [lock, counter], [token, ttlMs, fenceTtlMs]) {
    const holder = view.get(lock as string)
    if (holder !== null) return [0, view.pttl(lock as string), /^[@=]/.test(holder) ? 1 : 0]
    view.set(lock as string, String(token), Number(ttlMs))
    const last = view.get(counter as string)
    const fence = last === null ? view.nowMs() : Number(last) + 1
    view.set(counter as string, String(fence), Number(fenceTtlMs))
    return [1, fence]
  },
}

/** The script's arguments for one take. */
export function takeArgs(token: string, ttlMs: number): [string, number, number] {
  return [token, ttlMs, Math.max(FENCE_TTL_MS, 2 * ttlMs)]
}
