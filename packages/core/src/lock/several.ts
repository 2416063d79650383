import type { Script, ScriptView } from '../adapter/script.js'
import type { Take } from './acquire-script.js'
import type { Kind } from './kind.js'

/** As in `acquire-script.ts`: what a file that is loaded later shares would be a file of its own. */
const FENCE_TTL_MS = 86_400_000

/**
 * Several locks as one: all are taken, extended and released, or none is. Each lies where it lies alone, so that it
 * excludes and is excluded by a lock of that name.
 *
 * On a cluster they must lie in one slot: names with a common hash tag do. Otherwise the store refuses (CROSSSLOT).
 */
export function several(plain: readonly Kind[]): Kind {
  const channels = plain.flatMap((each) => each.channels)
  return {
    name: `${plain.map(({ name }) => name)}`,
    keys: [...channels, ...plain.flatMap(({ keys }) => keys.slice(1))],
    channels,
    take: takeSeveral,
    args: [],
    extend: extendSeveral,
    release: releaseSeveral,
  }
}

/**
 * Takes all locks if all are free, with one number that is above every fence there was of any of them.
 * KEYS: the locks, their fences. ARGV: token, ttl in ms, the fences' ttl in ms as in `acquire-script.ts`.
 */
export const takeSeveral: Script<Take> = {
  name: 'lock-take-several',
  lua: `local count = #KEYS / 2
local held, endless, left, announced = false, false, 0, 1
for i = 1, count do
  local holder = redis.call('GET', KEYS[i])
  if holder then
    held = true
    local ms = redis.call('PTTL', KEYS[i])
    if ms < 0 then endless = true end
    left = math.max(left, ms)
    if not string.find(holder, '^[@=]') then announced = 0 end
  end
end
if held then return { endless and -1 or left, announced } end
local clock = redis.call('TIME')
local fence = 0
for i = count + 1, #KEYS do
  local last = redis.call('GET', KEYS[i])
  fence = math.max(fence, last and last + 1 or (clock[1] * 1000 + math.floor(clock[2] / 1000)) * 1000)
end
for i = 1, count do
  redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2])
  redis.call('SET', KEYS[i + count], string.format('%.0f', fence), 'PX', ARGV[3] or ${FENCE_TTL_MS})
end
return fence`,
  step(view, keys, [token, ttlMs, fenceTtlMs = FENCE_TTL_MS]) {
    const locks = keys.slice(0, keys.length / 2)
    const fences = keys.slice(locks.length)
    const held = locks.filter((key) => view.get(key) !== null)
    if (held.length > 0) {
      const left = held.map((key) => view.pttl(key))
      const announced = held.every((key) => /^[@=]/.test(view.get(key) as string)) ? 1 : 0
      return [left.includes(-1) ? -1 : Math.max(...left), announced]
    }
    const next = fences.map((key) => {
      const last = view.get(key)
      return last === null ? view.nowMs() * 1_000 : Number(last) + 1
    })
    const fence = Math.max(...next)
    for (const key of locks) view.set(key, String(token), Number(ttlMs))
    for (const key of fences) view.set(key, String(fence), Number(fenceTtlMs))
    return fence
  },
}

const areOurs = (view: ScriptView, locks: readonly string[], token: unknown) =>
  locks.every((key) => view.get(key) === token)

/** KEYS: the locks. ARGV: token, ttl in ms. Returns 1 when all were ours and are extended, else 0. */
export const extendSeveral: Script<number> = {
  name: 'lock-extend-several',
  lua: `for _, key in ipairs(KEYS) do if redis.call('GET', key) ~= ARGV[1] then return 0 end end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[2]) end
return 1`,
  step(view, locks, [token, ttlMs]) {
    if (!areOurs(view, locks, token)) return 0
    for (const key of locks) view.set(key, String(token), Number(ttlMs))
    return 1
  },
}

/** Frees those that are ours. KEYS: the locks. ARGV: token, fence. Returns 1 when all were ours. */
export const releaseSeveral: Script<number> = {
  name: 'lock-release-several',
  lua: `local ours = 0
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then
    redis.call('DEL', key)
    if string.sub(ARGV[1], 1, 1) == '@' then redis.pcall('PUBLISH', key, ARGV[2]) end
    ours = ours + 1
  end
end
return ours == #KEYS and 1 or 0`,
  step(view, locks, [token]) {
    const all = areOurs(view, locks, token)
    for (const key of locks) if (view.get(key) === token) view.delete(key)
    return all ? 1 : 0
  },
}
