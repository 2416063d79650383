import type { Script, ScriptView } from '../adapter/script.js'
import type { Take } from './acquire-script.js'

/** As in `acquire-script.ts`: what a file that is loaded later shares would be a file of its own. */
const FENCE_TTL_MS = 86_400_000

/**
 * The places of a lock, as text at the lock's own key:
 *
 *     =h,token,weight,endsAt;q,token,weight,endsAt;…
 *
 * `h` holds, `q` waits, in the order in which they came; `weight` is how many places it takes. `endsAt` is in milliseconds
 * by the server's clock: who has not come back by then is gone, holder or waiter. So nobody who crashed has to be cleaned
 * up after. A waiter's end is a little behind the earliest end of those ahead of it, when it comes back by itself; once
 * its turn has come and it was told, it has `claimMs`.
 *
 * A plain token at the key is a plain lock, which excludes all of these.
 */
interface Seat {
  readonly kind: 'h' | 'q'
  readonly token: string
  readonly weight: number
  endsAtMs: number
}

/** Reads the places, without those whose time is over. */
const READ = `local text = redis.call('GET', KEYS[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local seats = {}
if text and string.sub(text, 1, 1) == '=' then
  for kind, token, weight, ends in string.gmatch(text, '([hq]),([^,]+),(%d+),(%d+)') do
    if tonumber(ends) > now then
      table.insert(seats, { kind = kind, token = token, weight = tonumber(weight), ends = tonumber(ends) })
    end
  end
end
`

/** Gives those whose turn it is until `claim` from now, and returns their tokens. */
const CALL_UP = `local function call_up(capacity, claim)
  local free, due = capacity, {}
  for _, seat in ipairs(seats) do if seat.kind == 'h' then free = free - seat.weight end end
  for _, seat in ipairs(seats) do
    if seat.kind == 'q' then
      if seat.weight > free then break end
      free = free - seat.weight
      seat.ends = math.min(seat.ends, now + claim)
      table.insert(due, seat.token)
    end
  end
  return due
end
`

/** Writes the places, for as long as the last of them lasts. */
const WRITE = `local function write()
  local parts, last = {}, 0
  for i, seat in ipairs(seats) do
    parts[i] = seat.kind .. ',' .. seat.token .. ',' .. seat.weight .. ',' .. string.format('%.0f', seat.ends)
    last = math.max(last, seat.ends)
  end
  if #parts == 0 then redis.call('DEL', KEYS[1])
  else redis.call('SET', KEYS[1], '=' .. table.concat(parts, ';'), 'PX', string.format('%.0f', last - now)) end
end
`

/**
 * Takes a place if there is room for those who hold, those who are ahead in the queue, and this one; otherwise, if asked
 * to, stands in the queue or stays there.
 *
 * KEYS: the lock, its fence. ARGV: token, ttl in ms, weight, capacity, claim in ms, 1 to stand in the queue, the
 * fence's ttl in ms as in `acquire-script.ts`.
 */
export const takeSeat: Script<Take> = {
  name: 'lock-take-seat',
  lua: `${READ}${CALL_UP}${WRITE}
if text and string.sub(text, 1, 1) ~= '=' then
  return { redis.call('PTTL', KEYS[1]), string.find(text, '^@') or 0 }
end
local weight, capacity, claim = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local room, mine = capacity, nil
for i, seat in ipairs(seats) do
  if seat.token == ARGV[1] then mine = i
  elseif seat.kind == 'h' or not mine then room = room - seat.weight end
end
if weight <= room then
  if mine then table.remove(seats, mine) end
  table.insert(seats, { kind = 'h', token = ARGV[1], weight = weight, ends = now + ARGV[2] })
  write()
  local last = redis.call('GET', KEYS[2])
  local fence = last and last + 1 or now * 1000
  redis.call('SET', KEYS[2], string.format('%.0f', fence), 'PX', ARGV[7] or ${FENCE_TTL_MS})
  return fence
end
call_up(capacity, claim)
local first = math.huge
for i, seat in ipairs(seats) do
  if i ~= mine and (seat.kind == 'h' or not mine or i < mine) then first = math.min(first, seat.ends) end
end
if first == math.huge then first = now end
if ARGV[6] == '1' then
  seats[mine or #seats + 1] = { kind = 'q', token = ARGV[1], weight = weight, ends = first + claim }
  write()
end
return { first - now, 1 }`,
  step(view, [lock, counter], [token, ttlMs, weight, capacity, claimMs, queue, fenceTtlMs = FENCE_TTL_MS]) {
    const key = lock as string
    const text = view.get(key)
    if (text !== null && text[0] !== '=') return [view.pttl(key), text[0] === '@' ? 1 : 0]
    const nowMs = view.nowMs()
    const seats = read(text, nowMs)
    const mine = seats.findIndex((seat) => seat.token === token)
    const isAhead = ({ kind }: Seat, i: number) => i !== mine && (kind === 'h' || mine < 0 || i < mine)
    const room = seats.filter(isAhead).reduce((left, { weight }) => left - weight, Number(capacity))
    const seat = (kind: Seat['kind'], endsAtMs: number): Seat => {
      return { kind, token: String(token), weight: Number(weight), endsAtMs }
    }
    if (Number(weight) <= room) {
      const others = seats.filter((_, i) => i !== mine)
      write(view, key, [...others, seat('h', nowMs + Number(ttlMs))], nowMs)
      const last = view.get(counter as string)
      const fence = last === null ? nowMs * 1_000 : Number(last) + 1
      view.set(counter as string, String(fence), Number(fenceTtlMs))
      return fence
    }
    callUp(seats, Number(capacity), Number(claimMs), nowMs)
    const ends = seats.filter(isAhead).map(({ endsAtMs }) => endsAtMs)
    const firstMs = ends.length ? Math.min(...ends) : nowMs
    if (Number(queue) === 1) {
      const place = seat('q', firstMs + Number(claimMs))
      if (mine < 0) seats.push(place)
      else seats[mine] = place
      write(view, key, seats, nowMs)
    }
    // Those who wait in this process are told of releases without a message.
    return [firstMs - nowMs, 0]
  },
}

/** KEYS: the lock. ARGV: token, ttl in ms. Returns 1 when the place was held and is extended, else 0. */
export const extendSeat: Script<number> = {
  name: 'lock-extend-seat',
  lua: `${READ}${WRITE}
for _, seat in ipairs(seats) do
  if seat.kind == 'h' and seat.token == ARGV[1] then
    seat.ends = now + ARGV[2]
    write()
    return 1
  end
end
return 0`,
  step(view, [lock], [token, ttlMs]) {
    const nowMs = view.nowMs()
    const seats = read(view.get(lock as string), nowMs)
    const held = seats.find((seat) => seat.kind === 'h' && seat.token === token)
    if (!held) return 0
    held.endsAtMs = nowMs + Number(ttlMs)
    write(view, lock as string, seats, nowMs)
    return 1
  },
}

/**
 * Gives up a place, held or waited for, and tells those whose turn it is now: behind the fence come their tokens, `-`
 * when all who wait have to go on waiting, nothing when nobody waits.
 *
 * KEYS: the lock. ARGV: token, fence, weight, capacity, claim in ms. Returns 1 when there was a place.
 */
export const releaseSeat: Script<number> = {
  name: 'lock-release-seat',
  lua: `${READ}${CALL_UP}${WRITE}
for i, seat in ipairs(seats) do
  if seat.token == ARGV[1] then
    table.remove(seats, i)
    local due = call_up(tonumber(ARGV[4]), tonumber(ARGV[5]))
    write()
    local waits = false
    for _, other in ipairs(seats) do waits = waits or other.kind == 'q' end
    local told = #due > 0 and ' ' .. table.concat(due, ' ') or waits and ' -' or ''
    redis.pcall('PUBLISH', KEYS[1], ARGV[2] .. told)
    return 1
  end
end
return 0`,
  step(view, [lock], [token, , , capacity, claimMs]) {
    const nowMs = view.nowMs()
    const seats = read(view.get(lock as string), nowMs)
    const rest = seats.filter((seat) => seat.token !== token)
    if (rest.length === seats.length) return 0
    callUp(rest, Number(capacity), Number(claimMs), nowMs)
    write(view, lock as string, rest, nowMs)
    return 1
  },
}

function read(text: string | null, nowMs: number): Seat[] {
  if (text?.[0] !== '=') return []
  return text
    .slice(1)
    .split(';')
    .map((part) => {
      const [kind, token, weight, endsAtMs] = part.split(',')
      return { kind, token, weight: Number(weight), endsAtMs: Number(endsAtMs) } as Seat
    })
    .filter(({ endsAtMs }) => endsAtMs > nowMs)
}

function callUp(seats: readonly Seat[], capacity: number, claimMs: number, nowMs: number): void {
  let free = seats.reduce((left, { kind, weight }) => left - (kind === 'h' ? weight : 0), capacity)
  for (const seat of seats) {
    if (seat.kind === 'h') continue
    if (seat.weight > free) return
    free -= seat.weight
    seat.endsAtMs = Math.min(seat.endsAtMs, nowMs + claimMs)
  }
}

function write(view: ScriptView, key: string, seats: readonly Seat[], nowMs: number): void {
  if (seats.length === 0) {
    view.delete(key)
    return
  }
  const parts = seats.map(({ kind, token, weight, endsAtMs }) => `${kind},${token},${weight},${endsAtMs}`)
  view.set(key, `=${parts.join(';')}`, Math.max(...seats.map(({ endsAtMs }) => endsAtMs)) - nowMs)
}
