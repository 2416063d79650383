import type { Script } from '../adapter/script.js'
import type { Decision } from './outcome.js'

/**
 * The generic cell rate algorithm (ITU-T I.371): calls are spread evenly, one each `interval`, and `burst` of them may
 * come at once from a standing start. No window admits more than `burst + floor(window / interval)`.
 *
 * The key lives exactly until its theoretical arrival time, so its time to live is the state and no clock is asked. The
 * time to live has whole milliseconds; what it exceeds the arrival time by, in microseconds, is the key's value. A
 * denial writes nothing.
 *
 * KEYS: the arrival time. ARGV: interval in µs, burst, cost, 1 to spend or 0 to look.
 */
export const gcra: Script<Decision> = {
  name: 'gcra',
  lua: `local interval, burst, cost, spend = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local ahead = redis.call('PTTL', KEYS[1])
if ahead > 0 then
  ahead = ahead * 1000
  if interval % 1000 > 0 then ahead = ahead - (tonumber(redis.call('GET', KEYS[1])) or 0) end
else
  ahead = 0
end
local free = interval * burst - ahead
if interval * cost > free then
  return { 0, math.max(0, math.floor(free / interval)), math.ceil((interval * cost - free) / 1000), math.ceil(ahead / 1000) }
end
if cost * spend > 0 then
  ahead = ahead + interval * cost
  local ttl = math.ceil(ahead / 1000)
  redis.call('SET', KEYS[1], ttl * 1000 - ahead, 'PX', ttl)
end
return { 1, math.floor((interval * burst - ahead) / interval), 0, math.ceil(ahead / 1000) }`,
  step(view, [key], args) {
    const [interval, burst, cost, spend] = args.map(Number) as [number, number, number, number]
    const ttlMs = view.pttl(key as string)
    const excess = interval % 1000 ? Number(view.get(key as string)) || 0 : 0
    let ahead = ttlMs > 0 ? ttlMs * 1000 - excess : 0
    const free = interval * burst - ahead
    if (interval * cost > free) {
      const retryMs = Math.ceil((interval * cost - free) / 1000)
      return [0, Math.max(0, Math.floor(free / interval)), retryMs, Math.ceil(ahead / 1000)]
    }
    if (cost * spend > 0) {
      ahead += interval * cost
      const nextMs = Math.ceil(ahead / 1000)
      view.set(key as string, String(nextMs * 1000 - ahead), nextMs)
    }
    return [1, Math.floor((interval * burst - ahead) / interval), 0, Math.ceil(ahead / 1000)]
  },
}
