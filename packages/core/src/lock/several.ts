import type { Script, ScriptView } from '../adapter/script.js'
import type { Take } from './acquire-script.js'
import type { Kind } from './kind.js'

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

const locksOf = (keys: readonly string[]) => keys.slice(0, keys.length / 2)

/**
 * Takes all locks if all are free, with one number that is above every fence there was of any of them.
 * KEYS: the locks, their fences. ARGV: token, ttl in ms, the fences' ttl in ms.
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
if held then return { 0, endless and -1 or left, announced } end
local clock = redis.call('TIME')
local fence = 0
for i = count + 1, #KEYS do
  local last = redis.call('GET', KEYS[i])
  fence = math.max(fence, last and last + 1 or clock[1] * 1000 + math.floor(clock[2] / 1000))
end
for i = 1, count do
  redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2])
  redis.call('SET', KEYS[i + count], string.format('%.0f', fence), 'PX', ARGV[3])
end
return { 1, fence }`,
  step(view, keys, [token, ttlMs, fenceTtlMs]) {
    const locks = locksOf(keys)
    const fences = keys.slice(locks.length)
    const held = locks.filter((key) => view.get(key) !== null)
    if (held.length > 0) {
      const left = held.map((key) => view.pttl(key))
      const announced = held.every((key) => /^[@=]/.test(view.get(key) as string)) ? 1 : 0
      return [0, left.includes(-1) ? -1 : Math.max(...left), announced]
    }
    const next = fences.map((key) => {
      const last = view.get(key)
      return last === null ? view.nowMs() : Number(last) + 1
    })
    const fence = Math.max(...next)
    for (const key of locks) view.set(key, String(token), Number(ttlMs))
    for (const key of fences) view.set(key, String(fence), Number(fenceTtlMs))
    return [1, fence]
  },
}

const areOurs = (view: ScriptView, locks: readonly string[], token: unknown) =>
  locks.every((key) => view.get(key) === token)

/** KEYS: the locks, their fences. ARGV: token, ttl in ms. Returns 1 when all were ours and are extended, else 0. */
export const extendSeveral: Script<number> = {
  name: 'lock-extend-several',
  lua: `local count = #KEYS / 2
for i = 1, count do if redis.call('GET', KEYS[i]) ~= ARGV[1] then return 0 end end
for i = 1, count do redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
return 1`,
  step(view, keys, [token, ttlMs]) {
    const locks = locksOf(keys)
    if (!areOurs(view, locks, token)) return 0
    for (const key of locks) view.set(key, String(token), Number(ttlMs))
    return 1
  },
}

/** Frees those that are ours. KEYS: the locks, their fences. ARGV: token, fence. Returns 1 when all were ours. */
export const releaseSeveral: Script<number> = {
  name: 'lock-release-several',
  lua: `local count, ours = #KEYS / 2, 0
for i = 1, count do
  if redis.call('GET', KEYS[i]) == ARGV[1] then
    redis.call('DEL', KEYS[i])
    if string.sub(ARGV[1], 1, 1) == '@' then redis.pcall('PUBLISH', KEYS[i], ARGV[2]) end
    ours = ours + 1
  end
end
return ours == count and 1 or 0`,
  step(view, keys, [token]) {
    const locks = locksOf(keys)
    const all = areOurs(view, locks, token)
    for (const key of locks) if (view.get(key) === token) view.delete(key)
    return all ? 1 : 0
  },
}
