import { limitArgs, limitScript, type Rule, SPEND } from './rule.js'

/** A place that is taken, while its time lasts. */
type Lease = readonly [token: string, untilMs: number, cost: number]

/**
 * So many at once. Each holder has a lease under its token, which ends by itself: a holder that crashed gives its place
 * back in time. One key holds all leases, in the order in which they end: `token:until:cost,…`.
 *
 * A token that asks again while it holds a lease is renewed rather than counted twice, so that a take whose answer got
 * lost may be repeated. The key lives until the last lease has ended. A denial writes nothing.
 *
 * Numbers: how many places there are, and how long a lease lasts in ms. Server time. A token has no `:` or `,` in it.
 */
export const concurrency: Rule = {
  name: 'concurrency',
  lua: `local at, used, leases = now(), 0, {}
local state, reset = redis.call('GET', key) or '', 0
for id, till, size in string.gmatch(state, '([^:,]+):(%d+):(%d+)') do
  till, size = tonumber(till), tonumber(size)
  if till > at then
    reset = till - at
    if id ~= token then
      used = used + size
      leases[#leases + 1] = { id, till, size }
    end
  end
end
if used + cost > limit then
  local retry, over = 0, used + cost - limit
  for _, lease in ipairs(leases) do
    over = over - lease[3]
    if over <= 0 then retry = lease[2] - at break end
  end
  return 0, limit - used, retry, reset
end
local place = #leases + 1
while place > 1 and leases[place - 1][2] > at + span do place = place - 1 end
table.insert(leases, place, { token, at + span, cost })
local parts = {}
for i, lease in ipairs(leases) do parts[i] = string.format('%s:%.0f:%.0f', lease[1], lease[2], lease[3]) end
return 1, limit - used, 0, reset, table.concat(parts, ','), leases[#leases][2] - at`,
  plan(view, key, [limit, spanMs], { cost, token, nowMs }) {
    const live = parseLeases(view.get(key)).filter(([, untilMs]) => untilMs > nowMs)
    const resetMs = (live.at(-1)?.[1] ?? nowMs) - nowMs
    const leases = live.filter(([id]) => id !== token)
    const used = leases.reduce((sum, [, , size]) => sum + size, 0)
    let over = used + cost - limit
    if (over > 0) {
      const freeing = leases.find(([, , size]) => {
        over -= size
        return over <= 0
      })
      const retryAfterMs = freeing ? freeing[1] - nowMs : 0
      return { admitted: false, remaining: limit - used, retryAfterMs, resetMs }
    }
    const untilMs = nowMs + spanMs
    const place = leases.findLastIndex((lease) => lease[1] <= untilMs) + 1
    leases.splice(place, 0, [token, untilMs, cost])
    const ttlMs = (leases.at(-1) as Lease)[1] - nowMs
    return { admitted: true, remaining: limit - used, retryAfterMs: 0, resetMs, value: formatLeases(leases), ttlMs }
  },
}

/**
 * Takes `cost` of `limit` places, or renews the lease that the token has. See {@link concurrency}.
 *
 * KEYS: the leases. ARGV: {@link leaseArgs}. Returns whether it was taken (1 or 0), how many places are left, and the
 * milliseconds until enough of them end for the same take, and until all of them do.
 */
export const takeLease = /* @__PURE__ */ limitScript([concurrency])

/** The arguments of {@link takeLease}. */
export function leaseArgs(token: string, limit: number, ttlMs: number, cost = 1): (string | number)[] {
  return limitArgs(cost, SPEND, [[limit, ttlMs, 0]], token)
}

/** The leases in a key's value. */
export function parseLeases(value: string | null): Lease[] {
  if (!value) return []
  return value.split(',').map((text) => {
    const [token, untilMs, cost] = text.split(':') as [string, string, string]
    return [token, Number(untilMs), Number(cost)]
  })
}

/** A key's value. @param leases in the order in which they end */
export function formatLeases(leases: readonly Lease[]): string {
  return leases.map((lease) => lease.join(':')).join()
}
