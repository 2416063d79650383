import { PENALIZE, REFUND } from './mode.js'
import type { Rule } from './rule.js'

/**
 * Into how many slots a window is cut. More are more exact, and a longer value to read and write. With 10, twice the limit
 * of bursty traffic admitted less than 0.95 of what an exact log does. A power of two, so that no slot begins between two
 * numbers that a computer knows.
 */
export const SLOTS = 16

/** `time:count`. */
type Slot = [timeMs: number, count: number]

/**
 * A sliding window that is never wrong on the generous side: no half-open window of `per` admits more than `limit`.
 *
 * The window is cut into slots. Of each, one key holds the count and the time of the _last_ call in it:
 * `used;newest,oldest,…,second newest`, each slot `time:count`, `used` their sum. A slot counts whole until its last call
 * has left the window. (The usual two-counter estimate admits up to twice the limit.) With slots of 1 ms it is a log of
 * every call, which is exact and grows with the limit.
 *
 * What most calls need, the sum and the ends, stands first: those are parsed, the rest is passed on as it is.
 *
 * The key lives until its newest call has left the window, so its time to live tells how long ago that was and no clock is
 * asked. Times are milliseconds since the key's first call. A denial writes nothing. A refund takes from the oldest calls,
 * so that what is left counts for longer than it need, never shorter. A debt grows to `limit` at most.
 *
 * Numbers: limit, window in ms. Should the server's clock step back, it is held at the newest call.
 */
function createSlidingWindow(name: string, width: { lua: string; ofMs(spanMs: number): number }): Rule {
  return {
    name,
    lua: `local state, used, last, count, older = redis.call('GET', key), 0, 0, 0, ''
if state then reset = math.min(redis.call('PTTL', key), span) end
if reset > 0 then
  local from, first
  used, last, count, from, first = string.match(state, '^(%d+);(%d+):(%d+)(),?(%d*)')
  used, last, count, older = used + 0, last + 0, count + 0, string.sub(state, from)
  if first ~= '' and first + reset <= last then
    local kept = #older + 1
    for start, time, size in string.gmatch(older, '(),(%d+):(%d+)') do
      if time + reset > last then kept = start break end
      used = used - size
    end
    older = string.sub(older, kept)
  end
else reset = 0 end
remaining = limit - used
if mode < 2 and cost > remaining then
  local over = cost - remaining
  retry = reset > 0 and reset or span
  for time, size in string.gmatch(older, ',(%d+):(%d+)') do
    over = over - size
    if over <= 0 then retry = time + reset - last break end
  end
else
  ttl = reset
  if mode == 3 then
    local back, slots = math.min(cost, used), older
    used, older = used - back, ''
    for time, size in string.gmatch(slots, ',(%d+):(%d+)') do
      local taken = math.min(back, size + 0)
      back = back - taken
      if size - taken > 0 then older = older .. string.format(',%s:%.0f', time, size - taken) end
    end
    count = count - back
  else
    local spent = cost
    if mode == 2 then spent = math.max(0, math.min(cost, limit + remaining)) end
    if spent > 0 then
      local at, width = reset > 0 and last + span - reset or 0, ${width.lua}
      if reset == 0 or last % width + at - last < width then count = count + spent
      else older, count = older .. string.format(',%.0f:%.0f', last, count), spent end
      used, last, ttl = used + spent, at, span
    end
  end
  if used > 0 then value = string.format('%.0f;%.0f:%.0f', used, last, count) .. older else ttl = nil end
end`,
    plan(view, key, [limit, spanMs], { cost, mode }) {
      const resetMs = Math.max(0, Math.min(view.pttl(key), spanMs))
      const [slots = ''] = resetMs > 0 ? `${view.get(key)}`.split(';').slice(1) : []
      const [newest = [0, 0], ...others] = slots.split(',').filter(Boolean).map(toSlot)
      const older = others.filter(([timeMs]) => timeMs + resetMs > newest[0])
      const used = older.reduce((sum, [, count]) => sum + count, newest[1])
      const remaining = limit - used
      let over = cost - remaining
      if (mode < PENALIZE && over > 0) {
        const freeing = older.find(([, count]) => {
          over -= count
          return over <= 0
        })
        const retryAfterMs = freeing ? freeing[0] + resetMs - newest[0] : resetMs || spanMs
        return { remaining, retryAfterMs, resetMs }
      }
      const state = { remaining, retryAfterMs: 0, resetMs }
      if (mode === REFUND) {
        let back = cost
        for (const slot of [...older, newest]) {
          const taken = Math.min(back, slot[1])
          back -= taken
          slot[1] -= taken
        }
        return { ...state, ...toState(newest, older, resetMs) }
      }
      const spent = mode === PENALIZE ? Math.max(0, Math.min(cost, limit + remaining)) : cost
      if (spent === 0) return { ...state, ...toState(newest, older, resetMs) }
      const atMs = resetMs > 0 ? newest[0] + spanMs - resetMs : 0
      const widthMs = width.ofMs(spanMs)
      if (resetMs === 0 || (newest[0] % widthMs) + atMs - newest[0] < widthMs) {
        return { ...state, ...toState([atMs, newest[1] + spent], older, spanMs) }
      }
      return { ...state, ...toState([atMs, spent], [...older, newest], spanMs) }
    },
  }
}

export const slidingWindow = /* @__PURE__ */ createSlidingWindow('sliding-window', {
  lua: `span / ${SLOTS}`,
  ofMs: (spanMs) => spanMs / SLOTS,
})

export const slidingLog = /* @__PURE__ */ createSlidingWindow('sliding-log', { lua: '1', ofMs: () => 1 })

function toSlot(text: string): Slot {
  return text.split(':').map(Number) as Slot
}

/** What to store, and for how long; nothing where nothing is spent. @param older oldest first */
function toState(newest: Slot, older: readonly Slot[], ttlMs: number): { value?: string; ttlMs?: number } {
  const slots = [newest, ...older.filter(([, count]) => count > 0)]
  const used = slots.reduce((sum, [, count]) => sum + count, 0)
  return used ? { value: `${used};${slots.map((slot) => slot.join(':')).join()}`, ttlMs } : {}
}
