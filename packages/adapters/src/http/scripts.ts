/** Lua for the server. The `Script` of an engine is one, and so are the few steps below. */
export interface ServerScript {
  readonly lua: string
}

/**
 * For Upstash, which locks the whole database while a script runs unless told that the script keeps to its keys. A server
 * of another make refuses a flag that it does not know.
 */
const KEY_LOCKING = '#!lua flags=allow-key-locking\n'

const digests = /* @__PURE__ */ new Map<string, string>()

/** The text of a script for a server, and the digest by which the server knows it. */
export async function compile({ lua }: ServerScript, isUpstash: boolean): Promise<{ text: string; digest: string }> {
  const text = isUpstash ? KEY_LOCKING + lua : lua
  let digest = digests.get(text)
  if (digest === undefined) {
    const bytes = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text))
    digest = Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
    digests.set(text, digest)
  }
  return { text, digest }
}

/** SET with a condition on the old value. KEYS: the key. ARGV: old value, new value, ttl in ms if any. */
export const setIf: ServerScript = {
  lua: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
else redis.call('SET', KEYS[1], ARGV[2]) end
return 1`,
}

/** KEYS: the key. ARGV: the value it must have. */
export const deleteIf: ServerScript = {
  lua: `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`,
}

/** KEYS: the key. ARGV: the value it must have, ttl in ms. */
export const expireIf: ServerScript = {
  lua: `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0`,
}
