import type { Script } from '../adapter/script.js'
import { formatLeases, parseLeases } from './concurrency.js'

/**
 * Gives back the places that a token holds. A lease that has ended, or was never there, changes nothing.
 *
 * KEYS: the leases, as in `concurrency`. ARGV: token. Returns 1 if it still held them, else 0.
 */
export const releaseLease: Script<0 | 1> = {
  name: 'lease-release',
  lua: `local state = redis.call('GET', KEYS[1])
if not state then return 0 end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local held, parts, last = 0, {}, 0
for id, till, size in string.gmatch(state, '([^:,]+):(%d+):(%d+)') do
  if tonumber(till) > now then
    if id == ARGV[1] then held = 1 else
      parts[#parts + 1] = id .. ':' .. till .. ':' .. size
      last = tonumber(till)
    end
  end
end
if held == 0 then return 0 end
if #parts > 0 then redis.call('SET', KEYS[1], table.concat(parts, ','), 'PX', last - now) else redis.call('DEL', KEYS[1]) end
return 1`,
  step(view, [key], [token]) {
    const nowMs = view.nowMs()
    const live = parseLeases(view.get(key as string)).filter(([, untilMs]) => untilMs > nowMs)
    const rest = live.filter(([id]) => id !== token)
    if (rest.length === live.length) return 0
    const last = rest.at(-1)
    if (last) view.set(key as string, formatLeases(rest), last[1] - nowMs)
    else view.delete(key as string)
    return 1
  },
}
