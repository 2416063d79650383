import { PENALIZE, REFUND } from './mode.js'
import type { Rule } from './rule.js'

/**
 * A count that begins with the first call and is forgotten `per` later. It denies before it adds, so calls that are
 * refused do not count. The end of one window and the beginning of the next together admit up to twice the limit less one.
 *
 * The key lives as long as its window, so no clock is asked. A denial writes nothing. A debt grows to `limit` at most.
 *
 * Numbers: limit, window in ms. The value is the count.
 */
export const fixedWindow: Rule = {
  name: 'fixed-window',
  lua: `local reset, used = math.max(0, redis.call('PTTL', key)), 0
if reset > 0 then used = tonumber(redis.call('GET', key)) end
if mode < 2 and used + cost > limit then return 0, limit - used, reset, reset end
local count = used + cost
if mode == 3 then count = math.max(0, used - cost) elseif mode == 2 then count = math.max(used, math.min(count, 2 * limit)) end
if count == 0 then return 1, limit - used, 0, reset end
return 1, limit - used, 0, reset, string.format('%.0f', count), reset > 0 and reset or span`,
  plan(view, key, [limit, spanMs], { cost, mode }) {
    const resetMs = Math.max(0, view.pttl(key))
    const used = resetMs > 0 ? Number(view.get(key)) : 0
    const remaining = limit - used
    if (mode < PENALIZE && cost > remaining) return { admitted: false, remaining, retryAfterMs: resetMs, resetMs }
    let count = used + cost
    if (mode === REFUND) count = Math.max(0, used - cost)
    else if (mode === PENALIZE) count = Math.max(used, Math.min(count, 2 * limit))
    const plan = { admitted: true, remaining, retryAfterMs: 0, resetMs }
    return count === 0 ? plan : { ...plan, value: count, ttlMs: resetMs || spanMs }
  },
}
