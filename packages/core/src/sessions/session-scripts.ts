import type { Script, ScriptView } from '../adapter/script.js'

/**
 * A session as text: `generation endsAtMs payload`. The generation is that of its user when the session began, `-` for a
 * session that is nobody's. A user's sessions hold only while the user's generation, at a key of its own, is still there
 * and the same: deleting that one key ends them all. `endsAtMs` is by the server's clock, 0 for no end.
 */
const HEAD = /^(\S+) (\d+) /

/** Not a template: bundlers would keep the text of one that nobody uses. */
const join = (...parts: string[]) => parts.join('')

const NOW = `local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
`

/** Reads a session that holds. A dead one is deleted. */
const READ = `local text = redis.call('GET', KEYS[1])
if not text then return false end
local generation, ends, at = string.match(text, '^(%S+) (%d+) ()')
if not generation or (KEYS[2] and redis.call('GET', KEYS[2]) ~= generation) then
  redis.call('DEL', KEYS[1])
  return false
end
ends = tonumber(ends)
`

/**
 * Stores a new session, in the place of another of the same user's if it is told of one. That one has to hold still: an end
 * of all the user's sessions that came meanwhile is not to be escaped by a new id. Sent twice, it does the same.
 *
 * KEYS: the session, the user's generation if it is somebody's, the session that it replaces if any. ARGV: payload, ttl in
 * ms, lifetime in ms or 0, a generation for a user who has none. Returns 1, or 0 where there is none to replace.
 */
export const openSession: Script<number> = {
  name: 'session-open',
  lua: /* @__PURE__ */ join(
    NOW,
    `local ttl, lifetime, generation = tonumber(ARGV[2]), tonumber(ARGV[3]), '-'
if lifetime > 0 then ttl = math.min(ttl, lifetime) end
if KEYS[3] and redis.call('EXISTS', KEYS[1]) == 0 then
  local old = string.match(redis.call('GET', KEYS[3]) or '', '^(%S+) ')
  redis.call('DEL', KEYS[3])
  if not old or old ~= redis.call('GET', KEYS[2]) then return 0 end
end
if KEYS[2] then
  generation = redis.call('GET', KEYS[2]) or ARGV[4]
  redis.call('SET', KEYS[2], generation, 'PX', math.max(ttl, redis.call('PTTL', KEYS[2])))
end
local ends = lifetime > 0 and string.format('%.0f', now + lifetime) or '0'
redis.call('SET', KEYS[1], generation .. ' ' .. ends .. ' ' .. ARGV[1], 'PX', ttl)
return 1`,
  ),
  step(view, [session, user, replaced], [payload, ttl, lifetime, fresh]) {
    if (replaced !== undefined && view.get(session as string) === null) {
      if (!read(view, [replaced, user as string])) return 0
      view.delete(replaced)
    }
    const lifetimeMs = Number(lifetime)
    const ttlMs = lifetimeMs > 0 ? Math.min(Number(ttl), lifetimeMs) : Number(ttl)
    let generation = '-'
    if (user !== undefined) {
      generation = view.get(user) ?? String(fresh)
      view.set(user, generation, Math.max(ttlMs, view.pttl(user)))
    }
    const endsAtMs = lifetimeMs > 0 ? view.nowMs() + lifetimeMs : 0
    view.set(session as string, `${generation} ${endsAtMs} ${payload}`, ttlMs)
    return 1
  },
}

/**
 * Reads a session and gives it a new time, up to its end.
 *
 * KEYS: as above. ARGV: ttl in ms. Returns the payload, or nothing where there is no session.
 */
export const touchSession: Script<string | null> = {
  name: 'session-touch',
  lua: /* @__PURE__ */ join(
    READ,
    NOW,
    `local ttl = tonumber(ARGV[1])
if ends > 0 then ttl = math.min(ttl, ends - now) end
if ttl < 1 then
  redis.call('DEL', KEYS[1])
  return false
end
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ttl))
if KEYS[2] and redis.call('PTTL', KEYS[2]) < ttl then redis.call('PEXPIRE', KEYS[2], string.format('%.0f', ttl)) end
return string.sub(text, at)`,
  ),
  step(view, keys, [ttl]) {
    const found = read(view, keys)
    if (!found) return null
    const [session, user] = keys as [string, string?]
    const ttlMs = found.endsAtMs > 0 ? Math.min(Number(ttl), found.endsAtMs - view.nowMs()) : Number(ttl)
    if (ttlMs < 1) {
      view.delete(session)
      return null
    }
    view.set(session, found.text, ttlMs)
    if (user !== undefined && view.pttl(user) < ttlMs) view.set(user, view.get(user) as string, ttlMs)
    return found.payload
  },
}

/** Replaces the payload of a session that is there. KEYS: as above. ARGV: payload. Returns 1, or 0 where there is none. */
export const writeSession: Script<number | null> = {
  name: 'session-write',
  lua: /* @__PURE__ */ join(
    READ,
    `redis.call('SET', KEYS[1], string.sub(text, 1, at - 1) .. ARGV[1], 'PX', math.max(1, redis.call('PTTL', KEYS[1])))
return 1`,
  ),
  step(view, keys, [payload]) {
    const found = read(view, keys)
    if (!found) return null
    const head = found.text.slice(0, found.text.length - found.payload.length)
    view.set(keys[0] as string, head + payload, view.pttl(keys[0] as string))
    return 1
  },
}

/** What lies at a session's key, if it is a session. */
export function parseSession(text: string): { generation: string; endsAtMs: number; payload: string } | undefined {
  const [head, generation, endsAtMs] = HEAD.exec(text) ?? []
  if (head === undefined) return undefined
  return { generation: generation as string, endsAtMs: Number(endsAtMs), payload: text.slice(head.length) }
}

function read(view: ScriptView, [session, user]: readonly string[]) {
  const text = view.get(session as string)
  if (text === null) return undefined
  const found = parseSession(text)
  if (found && (user === undefined || view.get(user) === found.generation)) return { ...found, text }
  view.delete(session as string)
  return undefined
}
