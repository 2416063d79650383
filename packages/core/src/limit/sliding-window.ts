import { PENALIZE, REFUND } from './mode.js'
import type { Rule } from './rule.js'

/**
 * Into how many slots a window is cut. More are more exact, and a longer value to read and write. With 10, twice the limit
 * of bursty traffic admitted less than 0.95 of what an exact log does.
 */
export const SLOTS = 16

/**
 * A sliding window that is never wrong on the generous side: no half-open window of `per` admits more than `limit`.
 *
 * The window is cut into slots, and one key holds, oldest first, each slot's count and the time of the last call in it:
 * `time:count,time:count,…`. A slot counts whole until its last call has left the window. (The usual two-counter
 * estimate admits up to twice the limit.) With slots of 1 ms it is a log of every call, which is exact and grows with
 * the limit.
 *
 * The key lives until its newest call has left the window. A denial writes nothing. A refund takes from the oldest calls,
 * so that what is left counts for longer than it need, never shorter. A debt grows to `limit` at most.
 *
 * Numbers: limit, window in ms, number of slots. Server time, so callers' clocks do not matter; should it step back, it
 * is held at the newest call.
 */
export const slidingWindow: Rule = {
  name: 'sliding-window',
  lua: `local at, state = now(), redis.call('GET', key) or ''
local starts, times, counts, last, used = {}, {}, {}, 0, 0
for start, time, count in string.gmatch(state, '()(%d+):(%d+)') do
  last = last + 1
  starts[last], times[last], counts[last] = start, tonumber(time), tonumber(count)
  used = used + counts[last]
end
local first, reset = 1, 0
if last > 0 and times[last] > at then at = times[last] end
while first <= last and times[first] + span <= at do
  used = used - counts[first]
  first = first + 1
end
if first <= last then reset = times[last] + span - at end
if mode < 2 and used + cost > limit then
  local retry, over = 0, used + cost - limit
  for i = first, last do
    over = over - counts[i]
    if over <= 0 then retry = times[i] + span - at break end
  end
  return 0, limit - used, retry, reset
end
if mode == 3 then
  local spent, slots = cost, {}
  for i = first, last do
    local back = math.min(spent, counts[i])
    spent = spent - back
    if counts[i] > back then slots[#slots + 1] = string.format('%.0f:%.0f', times[i], counts[i] - back) end
  end
  if #slots == 0 then return 1, limit - used, 0, reset end
  return 1, limit - used, 0, reset, table.concat(slots, ','), reset
end
local spent = cost
if mode == 2 then spent = math.max(0, math.min(cost, 2 * limit - used)) end
if spent == 0 then return 1, limit - used, 0, reset, string.sub(state, starts[first] or 1), reset end
local width, kept = span / grain, ''
if first <= last then
  if math.floor(times[last] / width) == math.floor(at / width) then
    spent, kept = spent + counts[last], string.sub(state, starts[first], starts[last] - 1)
  else
    kept = string.sub(state, starts[first]) .. ','
  end
end
return 1, limit - used, 0, reset, kept .. string.format('%.0f:%.0f', at, spent), span`,
  plan(view, key, [limit, spanMs, slots], { cost, mode, nowMs }) {
    const all = (view.get(key) ?? '')
      .split(',')
      .filter(Boolean)
      .map((slot) => slot.split(':').map(Number) as [timeMs: number, count: number])
    const atMs = Math.max(nowMs, all.at(-1)?.[0] ?? 0)
    const live = all.filter(([timeMs]) => timeMs + spanMs > atMs)
    const used = live.reduce((sum, [, count]) => sum + count, 0)
    const remaining = limit - used
    const last = live.at(-1)
    const leftMs = (slot = live.at(-1)) => (slot ? slot[0] + spanMs - atMs : 0)
    const resetMs = leftMs()
    let over = used + cost - limit
    if (mode < PENALIZE && over > 0) {
      const freeing = live.find(([, count]) => {
        over -= count
        return over <= 0
      })
      return { admitted: false, remaining, retryAfterMs: freeing ? leftMs(freeing) : 0, resetMs }
    }
    let spent = mode === PENALIZE ? Math.max(0, Math.min(cost, limit + remaining)) : cost
    if (mode === REFUND) {
      while (spent > 0 && live[0]) {
        const back = Math.min(spent, live[0][1])
        spent -= back
        live[0][1] -= back
        if (live[0][1] === 0) live.shift()
      }
    } else if (spent > 0) {
      const slotOf = (timeMs: number) => Math.floor(timeMs / (spanMs / slots))
      if (last && slotOf(last[0]) === slotOf(atMs)) {
        last[0] = atMs
        last[1] += spent
      } else live.push([atMs, spent])
    }
    const value = live.map((slot) => slot.join(':')).join()
    return { admitted: true, remaining, retryAfterMs: 0, resetMs, value, ttlMs: leftMs() }
  },
}
