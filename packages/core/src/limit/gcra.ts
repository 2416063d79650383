import { PENALIZE, REFUND } from './mode.js'
import type { Rule } from './rule.js'

/**
 * The generic cell rate algorithm (ITU-T I.371): calls are spread evenly, one each `interval`, and `burst` of them may
 * come at once from a standing start. No window admits more than `burst + floor(window / interval)`.
 *
 * The key lives exactly until its theoretical arrival time, so its time to live is the state and no clock is asked. The
 * time to live has whole milliseconds; what it exceeds the arrival time by, in microseconds, is the key's value. A
 * denial writes nothing. A debt grows to `burst` at most.
 *
 * Numbers: burst, interval in µs.
 */
export const gcra: Rule = {
  name: 'gcra',
  lua: `local ahead = redis.call('PTTL', key)
if ahead > 0 then
  ahead = ahead * 1000
  if span % 1000 > 0 then ahead = ahead - (tonumber(redis.call('GET', key)) or 0) end
else
  ahead = 0
end
local reset, free = math.ceil(ahead / 1000), span * limit - ahead
local remaining = math.floor(free / span)
if mode < 2 and span * cost > free then return 0, remaining, math.ceil((span * cost - free) / 1000), reset end
if mode == 3 then ahead = math.max(0, ahead - span * cost)
elseif mode == 2 then ahead = math.max(ahead, math.min(ahead + span * cost, 2 * span * limit))
else ahead = ahead + span * cost end
local ttl = math.ceil(ahead / 1000)
if ttl == 0 then return 1, remaining, 0, reset end
return 1, remaining, 0, reset, ttl * 1000 - ahead, ttl`,
  plan(view, key, [burst, interval], { cost, mode }) {
    const leftMs = view.pttl(key)
    const excess = interval % 1000 ? Number(view.get(key)) || 0 : 0
    let ahead = leftMs > 0 ? leftMs * 1000 - excess : 0
    const free = interval * burst - ahead
    const retryAfterMs = mode < PENALIZE ? Math.max(0, Math.ceil((interval * cost - free) / 1000)) : 0
    const state = { remaining: Math.floor(free / interval), retryAfterMs, resetMs: Math.ceil(ahead / 1000) }
    if (mode < PENALIZE && interval * cost > free) return { admitted: false, ...state }
    if (mode === REFUND) ahead = Math.max(0, ahead - interval * cost)
    else if (mode === PENALIZE) ahead = Math.max(ahead, Math.min(ahead + interval * cost, 2 * interval * burst))
    else ahead += interval * cost
    const ttlMs = Math.ceil(ahead / 1000)
    return { admitted: true, ...state, value: ttlMs * 1000 - ahead, ttlMs }
  },
}
