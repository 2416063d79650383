import { PENALIZE } from './mode.js'
import type { Rule } from './rule.js'

/** A place that is taken, while its time lasts. */
type Lease = readonly [token: string, untilMs: number, cost: number]

/**
 * So many at once. Each holder has a lease under its token, which ends by itself: a holder that crashed gives its place
 * back in time. One key holds all leases, in the order in which they end: `token:until:cost,…`.
 *
 * A token that asks again while it holds a lease is renewed rather than counted twice, so that a take whose answer got
 * lost may be repeated. A refund ends the lease of its token; a penalty means nothing here. The key lives until the last
 * lease has ended. A denial writes nothing.
 *
 * Numbers: how many places there are, and how long a lease lasts in ms. Server time. A token has no `:` or `,` in it.
 */
export const concurrency: Rule = {
  name: 'concurrency',
  hasClock: true,
  lua: `local used, leases, state = 0, {}, redis.call('GET', key) or ''
for id, till, size in string.gmatch(state, '([^:,]+):(%d+):(%d+)') do
  till, size = till + 0, size + 0
  if till > now then
    reset = till - now
    if id ~= token then
      used = used + size
      leases[#leases + 1] = { id, till, size }
    end
  end
end
remaining = limit - used
if mode < 2 and cost > remaining then
  local over = cost - remaining
  retry = span
  for _, lease in ipairs(leases) do
    over = over - lease[3]
    if over <= 0 then retry = lease[2] - now break end
  end
else
  if mode < 2 then
    local place = #leases + 1
    while place > 1 and leases[place - 1][2] > now + span do place = place - 1 end
    table.insert(leases, place, { token, now + span, cost })
  end
  if #leases > 0 then
    local parts = {}
    for i, lease in ipairs(leases) do parts[i] = string.format('%s:%.0f:%.0f', lease[1], lease[2], lease[3]) end
    value, ttl = table.concat(parts, ','), leases[#leases][2] - now
  end
end`,
  plan(view, key, [limit, spanMs], { cost, mode, token, nowMs }) {
    const live = parseLeases(view.get(key)).filter(([, untilMs]) => untilMs > nowMs)
    const resetMs = (live.at(-1)?.[1] ?? nowMs) - nowMs
    const leases = live.filter(([id]) => id !== token)
    const used = leases.reduce((sum, [, , size]) => sum + size, 0)
    let over = used + cost - limit
    if (mode < PENALIZE && over > 0) {
      const freeing = leases.find(([, , size]) => {
        over -= size
        return over <= 0
      })
      const retryAfterMs = freeing ? freeing[1] - nowMs : spanMs
      return { remaining: limit - used, retryAfterMs, resetMs }
    }
    if (mode < PENALIZE) leases.push([token, nowMs + spanMs, cost])
    leases.sort((one, other) => one[1] - other[1])
    const ttlMs = (leases.at(-1)?.[1] ?? nowMs) - nowMs
    return { remaining: limit - used, retryAfterMs: 0, resetMs, value: formatLeases(leases), ttlMs }
  },
}

/** The leases in a key's value. */
function parseLeases(value: string | null): Lease[] {
  if (!value) return []
  return value.split(',').map((text) => {
    const [token, untilMs, cost] = text.split(':') as [string, string, string]
    return [token, Number(untilMs), Number(cost)]
  })
}

/** A key's value. @param leases in the order in which they end */
function formatLeases(leases: readonly Lease[]): string {
  return leases.map((lease) => lease.join(':')).join()
}
