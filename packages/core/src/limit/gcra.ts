import { PENALIZE, REFUND } from './mode.js'
import { type Rule, STORE } from './rule.js'

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
  lua: `local ahead, take = redis.call('PTTL', key), span * cost
if ahead > 0 then
  ahead = ahead * 1000
  if span % 1000 > 0 then ahead = ahead - (tonumber(redis.call('GET', key)) or 0) end
else ahead = 0 end
local free = span * limit - ahead
remaining, reset = (free - free % span) / span, (ahead + -ahead % 1000) / 1000
if mode < 2 and take > free then retry = math.ceil((take - free) / 1000)
else
  if mode == 3 then ahead = math.max(0, ahead - take)
  elseif mode == 2 then ahead = math.max(ahead, math.min(ahead + take, 2 * span * limit))
  else ahead = ahead + take end
  value = -ahead % 1000
  if ahead > 0 then ttl = (ahead + value) / 1000 end
end`,
  // The value mostly is 0 and stays it: then it is enough to read it and lengthen its life, in one command of Redis 6.2. An
  // older server refuses that one and gets the other.
  store: `if value > 0 or reset == 0 or redis.pcall('GETEX', key, 'PX', ttl) ~= '0' then ${STORE} end`,
  plan(view, key, [burst, interval], { cost, mode }) {
    const leftMs = view.pttl(key)
    const excess = interval % 1000 ? Number(view.get(key)) || 0 : 0
    let ahead = leftMs > 0 ? leftMs * 1000 - excess : 0
    const free = interval * burst - ahead
    const retryAfterMs = mode < PENALIZE ? Math.max(0, Math.ceil((interval * cost - free) / 1000)) : 0
    const state = { remaining: Math.floor(free / interval), retryAfterMs, resetMs: Math.ceil(ahead / 1000) }
    if (mode < PENALIZE && interval * cost > free) return state
    if (mode === REFUND) ahead = Math.max(0, ahead - interval * cost)
    else if (mode === PENALIZE) ahead = Math.max(ahead, Math.min(ahead + interval * cost, 2 * interval * burst))
    else ahead += interval * cost
    const ttlMs = Math.ceil(ahead / 1000)
    return { ...state, value: ttlMs * 1000 - ahead, ttlMs }
  },
}
