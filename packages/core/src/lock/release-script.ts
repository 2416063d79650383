import type { Script } from '../adapter/script.js'

/**
 * Frees a lock that is still ours and tells those who wait, on the channel of the lock's own name. What it tells is the
 * fence: a process that has taken the lock since then knows the message for an old one.
 *
 * Somebody who may not publish still releases. A store that runs functions has its waiters in this process, where they are
 * told without it.
 *
 * KEYS: the lock. ARGV: token, fence. Returns 1 when it was ours.
 */
export const releaseScript: Script<number> = {
  name: 'lock-release',
  lua: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.pcall('PUBLISH', KEYS[1], ARGV[2])
return 1`,
  step(view, [lock], [token]) {
    if (view.get(lock as string) !== token) return 0
    view.delete(lock as string)
    return 1
  },
}
