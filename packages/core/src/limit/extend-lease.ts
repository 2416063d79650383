import type { Script } from '../adapter/script.js'
import { formatLeases, parseLeases } from './concurrency.js'

/**
 * Gives the lease of a token a new time from now on, if it has not ended: its place may be another's by then.
 *
 * KEYS: the leases, as in `concurrency`. ARGV: token, ttl in ms. Returns 1 if it did, else 0.
 */
export const extendLease: Script<0 | 1> = {
  name: 'lease-extend',
  lua: `local state = redis.call('GET', KEYS[1])
if not state then return 0 end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local own, leases = nil, {}
for id, till, size in string.gmatch(state, '([^:,]+):(%d+):(%d+)') do
  till = tonumber(till)
  if till > now then
    if id == ARGV[1] then own = { id, now + tonumber(ARGV[2]), size } else leases[#leases + 1] = { id, till, size } end
  end
end
if not own then return 0 end
local place = #leases + 1
while place > 1 and leases[place - 1][2] > own[2] do place = place - 1 end
table.insert(leases, place, own)
local parts = {}
for i, lease in ipairs(leases) do parts[i] = string.format('%s:%.0f:%s', lease[1], lease[2], lease[3]) end
redis.call('SET', KEYS[1], table.concat(parts, ','), 'PX', leases[#leases][2] - now)
return 1`,
  step(view, [key], [token, ttlMs]) {
    const nowMs = view.nowMs()
    const live = parseLeases(view.get(key as string)).filter(([, untilMs]) => untilMs > nowMs)
    const own = live.find(([id]) => id === token)
    if (!own) return 0
    const leases = live.filter((lease) => lease !== own)
    const untilMs = nowMs + Number(ttlMs)
    leases.splice(leases.findLastIndex((lease) => lease[1] <= untilMs) + 1, 0, [own[0], untilMs, own[2]])
    view.set(key as string, formatLeases(leases), (leases.at(-1)?.[1] as number) - nowMs)
    return 1
  },
}
