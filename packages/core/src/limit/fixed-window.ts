import { PENALIZE, REFUND } from './mode.js'
import { type Rule, STORE } from './rule.js'

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
  lua: `local used = 0
reset = math.max(0, redis.call('PTTL', key))
if reset > 0 then used = redis.call('GET', key) + 0 end
remaining = limit - used
if mode < 2 and cost > remaining then retry = reset > 0 and reset or span
else
  value = used + cost
  if mode == 3 then value = math.max(0, used - cost) elseif mode == 2 then value = math.max(used, math.min(value, 2 * limit)) end
  if value > 0 then ttl = reset > 0 and reset or span end
end`,
  // Half the work of SET, which takes the key's time away and gives it back.
  store: `if mode == 1 and reset > 0 then redis.call('INCRBY', key, cost) else ${STORE} end`,
  plan(view, key, [limit, spanMs], { cost, mode }) {
    const resetMs = Math.max(0, view.pttl(key))
    const used = resetMs > 0 ? Number(view.get(key)) : 0
    const remaining = limit - used
    if (mode < PENALIZE && cost > remaining) return { remaining, retryAfterMs: resetMs || spanMs, resetMs }
    let count = used + cost
    if (mode === REFUND) count = Math.max(0, used - cost)
    else if (mode === PENALIZE) count = Math.max(used, Math.min(count, 2 * limit))
    const plan = { remaining, retryAfterMs: 0, resetMs }
    return count === 0 ? plan : { ...plan, value: count, ttlMs: resetMs || spanMs }
  },
}
