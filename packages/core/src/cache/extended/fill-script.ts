import type { Script } from '../../adapter/script.js'

/**
 * Stores an entry where there is still what its load began from, and tells those who wait for it, in one step: nobody is
 * told of what is not there. Somebody who may not publish still stores.
 *
 * A store that runs functions cannot publish from one.
 *
 * KEYS: the entry's. ARGV: what must be there, the entry, its ttl in ms, the channel, the head of the message, which the
 * entry follows. Returns 1 when it is stored, 2 when that could not be told, 0 when something else was there.
 */
export const fillScript: Script<number> = {
  name: 'cache-fill',
  lua: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
local told = redis.pcall('PUBLISH', ARGV[4], ARGV[5] .. ARGV[2])
return type(told) == 'table' and 2 or 1`,
  step(view, [key], [found, text, ttlMs]) {
    if (view.get(key as string) !== found) return 0
    view.set(key as string, text as string, Number(ttlMs))
    return 1
  },
}
