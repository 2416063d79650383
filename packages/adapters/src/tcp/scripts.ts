import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

/** Lua for the server. The `Script` of an engine is one, and so are the few steps below. */
export interface ServerScript {
  readonly name: string
  readonly lua: string
}

const digests = new WeakMap<ServerScript, string>()

function digestOf(script: ServerScript): string {
  let digest = digests.get(script)
  if (digest === undefined) {
    digest = createHash('sha1').update(script.lua).digest('hex')
    digests.set(script, digest)
  }
  return digest
}

/** Runs a script by its digest; by its text where the server does not know it, once. A refused digest has done nothing. */
export function runScript(
  client: Redis,
  script: ServerScript,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  return client.evalsha(digestOf(script), keys.length, ...keys, ...args).catch((error: Error) => {
    if (!error.message.startsWith('NOSCRIPT')) throw error
    return client.eval(script.lua, keys.length, ...keys, ...args)
  })
}

/** SET with a condition on the old value. KEYS: the key. ARGV: old value, new value, ttl in ms or '' for none. */
export const setIf: ServerScript = {
  name: 'set-if',
  lua: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2])
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1`,
}

/** KEYS: the key. ARGV: the value it must have. */
export const deleteIf: ServerScript = {
  name: 'delete-if',
  lua: `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`,
}

/** KEYS: the key. ARGV: the value it must have, ttl in ms. */
export const expireIf: ServerScript = {
  name: 'expire-if',
  lua: `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0`,
}
