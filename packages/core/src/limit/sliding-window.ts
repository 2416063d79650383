import type { Script } from '../adapter/script.js'
import type { Decision } from './outcome.js'

/**
 * A sliding window that is never wrong on the generous side: no half-open window of `per` admits more than `limit`.
 *
 * The window is cut into ten slots, and one key holds, oldest first, each slot's count and the time of the last call in
 * it: `time:count,time:count,…`. A slot counts whole until its last call has left the window. (The usual two-counter
 * estimate admits up to twice the limit; a log of every call is exact and grows with the limit.)
 *
 * The key lives until its newest call has left the window. A denial writes nothing.
 *
 * KEYS: the counter. ARGV: limit, window in ms, cost, 1 to spend or 0 to look. Server time, so callers' clocks do not matter; should it step
 * back, it is held at the newest call.
 */
export const slidingWindow: Script<Decision> = {
  name: 'sliding-window',
  lua: `local limit, window, cost, spend = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local state = redis.call('GET', KEYS[1]) or ''
local times, counts, used = {}, {}, 0
for time, count in string.gmatch(state, '(%d+):(%d+)') do
  times[#times + 1], counts[#counts + 1] = tonumber(time), tonumber(count)
end
if #times > 0 then now = math.max(now, times[#times]) end
local first = 1
while times[first] and times[first] + window <= now do first = first + 1 end
for i = first, #times do used = used + counts[i] end
if used + cost > limit then
  local retry, free = 0, limit - used
  for i = first, #times do
    free = free + counts[i]
    if free >= cost then retry = times[i] + window - now break end
  end
  return { 0, math.max(0, limit - used), retry, times[#times] + window - now }
end
cost = cost * spend
if cost > 0 then
  local last = #times
  if last >= first and math.floor(times[last] * 10 / window) == math.floor(now * 10 / window) then
    times[last], counts[last] = now, counts[last] + cost
  else
    times[last + 1], counts[last + 1] = now, cost
  end
  local slots = {}
  for i = first, #times do slots[#slots + 1] = string.format('%.0f:%.0f', times[i], counts[i]) end
  redis.call('SET', KEYS[1], table.concat(slots, ','), 'PX', ARGV[2])
end
return { 1, limit - used - cost, 0, #times >= first and times[#times] + window - now or 0 }`,
  step(view, [key], args) {
    const [limit, window, asked, spend] = args.map(Number) as [number, number, number, number]
    const slots = (view.get(key as string) ?? '')
      .split(',')
      .filter(Boolean)
      .map((slot) => slot.split(':').map(Number) as [time: number, count: number])
    let newest = slots.at(-1)
    const now = Math.max(view.nowMs(), newest?.[0] ?? 0)
    const live = slots.filter(([time]) => time + window > now)
    const used = live.reduce((sum, [, count]) => sum + count, 0)
    if (used + asked > limit) {
      let free = limit - used
      const freeing = live.find(([, count]) => {
        free += count
        return free >= asked
      })
      return [
        0,
        Math.max(0, limit - used),
        freeing ? freeing[0] + window - now : 0,
        (newest?.[0] ?? now) + window - now,
      ]
    }
    const cost = asked * spend
    newest = live.at(-1)
    if (cost > 0) {
      if (newest && Math.floor((newest[0] * 10) / window) === Math.floor((now * 10) / window)) {
        newest[0] = now
        newest[1] += cost
      } else {
        newest = [now, cost]
        live.push(newest)
      }
      view.set(key as string, live.map((slot) => slot.join(':')).join(), window)
    }
    return [1, limit - used - cost, 0, newest ? newest[0] + window - now : 0]
  },
}
