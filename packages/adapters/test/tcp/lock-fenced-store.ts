import type { Adapter, Script } from '@larder/core'

/** Writes, unless a later holder of the lock has written before. KEYS: the key. ARGV: fence, value. */
const fencedWrite: Script<number> = {
  name: 'fenced-write',
  lua: `local seen = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) ')
if seen and tonumber(seen) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2])
return 1`,
  step(view, [key], [fence, value]) {
    const seen = Number.parseInt(view.get(key as string) ?? '0', 10)
    if (seen > Number(fence)) return 0
    view.set(key as string, `${fence} ${value}`)
    return 1
  },
}

/** The store that a lock protects, as in `docs/guides/locks.md`: it has the last word, whatever a holder believes. */
export async function writeFenced(store: Adapter, key: string, fence: number, value: string): Promise<boolean> {
  return (await store.run(fencedWrite, [`stored:${key}`], [fence, value])) === 1
}

export async function readFenced(store: Adapter, key: string): Promise<string | undefined> {
  const [text] = await store.getMany([`stored:${key}`])
  return text?.slice(text.indexOf(' ') + 1)
}
