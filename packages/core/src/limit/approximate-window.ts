import { PENALIZE, REFUND } from './mode.js'
import type { Rule } from './rule.js'

/**
 * The usual estimate of a sliding window: the count of this window, and of the one before it as much as still lies
 * within `per`, as if its calls had come evenly. Two numbers, however high the limit. It never refuses for long, but
 * calls that came late in one window and early in the next can make up to twice the limit.
 *
 * Windows begin with the first call. The key lives to the end of the window after, so its time to live tells where in its
 * window it stands and no clock is asked. A denial writes nothing. A debt grows to `limit` at most.
 *
 * Numbers: limit, window in ms. The value is `before:current`.
 */
export const approximateWindow: Rule = {
  name: 'approximate',
  lua: `local left, before, current = redis.call('PTTL', key), 0, 0
reset = math.max(0, left)
if left > 0 then
  before, current = string.match(redis.call('GET', key), '(%d+):(%d+)')
  before, current = before + 0, current + 0
  if left <= span then left, before, current = left + span, current, 0 end
else
  left = 2 * span
end
local rest = math.max(0, left - span)
local free = (limit - current) * span - before * rest
remaining = math.floor(free / span)
if mode < 2 and cost * span > free then
  local over = (current + cost - limit) * span
  retry = math.ceil((cost * span - free) / before)
  if before == 0 or retry >= rest then retry = over > 0 and rest + math.ceil(over / current) or rest end
else
  if mode == 3 then
    local back = math.min(cost, current)
    current, before = current - back, math.max(0, before - cost + back)
    if current == 0 then before, current, left = 0, before, left - span end
  elseif mode == 2 then current = math.max(current, math.min(current + cost, 2 * limit))
  else current = current + cost end
  if current > 0 and left > 0 then value, ttl = string.format('%.0f:%.0f', before, current), left end
end`,
  plan(view, key, [limit, spanMs], { cost, mode }) {
    let leftMs = view.pttl(key)
    const resetMs = Math.max(0, leftMs)
    let [before, current] = (leftMs > 0 ? `${view.get(key)}` : '0:0').split(':').map(Number) as [number, number]
    if (leftMs <= 0) leftMs = 2 * spanMs
    else if (leftMs <= spanMs) [leftMs, before, current] = [leftMs + spanMs, current, 0]
    // Of this window, and so what the window before it still weighs.
    const restMs = Math.max(0, leftMs - spanMs)
    const free = (limit - current) * spanMs - before * restMs
    const remaining = Math.floor(free / spanMs)
    if (mode < PENALIZE && cost * spanMs > free) {
      let retryAfterMs = Math.ceil((cost * spanMs - free) / before)
      if (before === 0 || retryAfterMs >= restMs) {
        // Not in this window. In the next, what is now current fades.
        const over = (current + cost - limit) * spanMs
        retryAfterMs = over > 0 ? restMs + Math.ceil(over / current) : restMs
      }
      return { remaining, retryAfterMs, resetMs }
    }
    if (mode === REFUND) {
      const back = Math.min(cost, current)
      current -= back
      before = Math.max(0, before - cost + back)
      // The same said in another way: a key that ends when what is left of it has faded.
      if (current === 0) [before, current, leftMs] = [0, before, leftMs - spanMs]
      if (current === 0 || leftMs <= 0) return { remaining, retryAfterMs: 0, resetMs }
    } else if (mode === PENALIZE) current = Math.max(current, Math.min(current + cost, 2 * limit))
    else current += cost
    return { remaining, retryAfterMs: 0, resetMs, value: `${before}:${current}`, ttlMs: leftMs }
  },
}
