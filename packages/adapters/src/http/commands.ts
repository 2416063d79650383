import { type Adapter, assertTtl, type CallOptions } from '@larder/core'
import type { Command } from './fold.js'
import type { Reply } from './request.js'
import { compile, deleteIf, expireIf, type ServerScript, setIf } from './scripts.js'

/** How many keys one step of a walk through the store looks at. */
const SCAN_COUNT = 1_000

/** What the methods are made of. */
export interface Server {
  /** Sends a command, and gives the reply whatever it says. */
  send(command: Command, call?: CallOptions): Promise<Reply>
  /** What a reply says. @throws the error that it is */
  resultOf(reply: Reply): Promise<unknown>
  /** Whether it is Upstash's own. */
  isUpstash(): Promise<boolean>
  /** Adds to the bill what no `send` has shown. */
  bill(commands: number): void
}

export type Commands = Pick<Adapter, 'set' | 'delete' | 'deleteIf' | 'expireIf' | 'deleteMatching' | 'run' | 'ping'>

/** Every method that sends something, but the one that a hit takes. */
export function createCommands({ send, resultOf, isUpstash, bill }: Server): Commands {
  const ask = async (command: Command, call?: CallOptions) => resultOf(await send(command, call))

  async function run(
    script: ServerScript,
    keys: readonly string[],
    args: readonly (string | number)[],
    call?: CallOptions,
  ): Promise<unknown> {
    const { text, digest } = await compile(script, await isUpstash())
    const rest = [`${keys.length}`, ...keys, ...args.map(String)]
    const reply = await send(['EVALSHA', digest, ...rest], call)
    // A refused digest has done nothing.
    return resultOf(reply.error?.startsWith('NOSCRIPT') ? await send(['EVAL', text, ...rest], call) : reply)
  }

  /** The commands with a condition that this server does not have. Redis has them since 8.4. */
  const missing = new Set<string>()

  /** One command where the server has it, and elsewhere a script, which Upstash bills as three. */
  async function only(command: Command, script: ServerScript, args: readonly string[], call: CallOptions | undefined) {
    const [name, key] = command as [string, string]
    if (!missing.has(name)) {
      const reply = await send(command, call)
      // Not known, or not allowed: nothing was done. A limit of the plan is an ERR as well, and says nothing of the command.
      if (!/^(ERR(?!.*\bmax\b.*\bexceeded)|NOPERM)/.test(reply.error ?? '')) return isDone(await resultOf(reply))
      missing.add(name)
    }
    const done = isDone(await run(script, [key], args, call))
    // Upstash bills what a script calls, too: a GET, and what was done.
    if (await isUpstash()) bill(done ? 2 : 1)
    return done
  }

  return {
    async set(key, value, options = {}) {
      const { ttlMs, when } = options
      assertTtl(ttlMs)
      const ttl = ttlMs === undefined ? [] : [`${ttlMs}`]
      const px = ttl.flatMap((ms) => ['PX', ms])
      if (typeof when !== 'object') {
        return isDone(await ask(['SET', key, value, ...px, ...(when ? ['NX'] : [])], options))
      }
      const { matches } = when
      return only(['SET', key, value, 'IFEQ', matches, ...px], setIf, [matches, value, ...ttl], options)
    },

    async delete(keys, call) {
      return keys.length ? ((await ask(['UNLINK', ...keys], call)) as number) : 0
    },

    deleteIf: (key, matches, call) => only(['DELEX', key, 'IFEQ', matches], deleteIf, [matches], call),

    async expireIf(key, matches, ttlMs, call) {
      assertTtl(ttlMs)
      // The same value once more, with another time to live.
      return only(['SET', key, matches, 'IFEQ', matches, 'PX', `${ttlMs}`], expireIf, [matches, `${ttlMs}`], call)
    },

    async deleteMatching(pattern, call) {
      let cursor = '0'
      let found: readonly string[] = []
      let deleted = 0
      do {
        // What the step before has found goes out together with the next.
        const unlinked = found.length ? ask(['UNLINK', ...found], call) : 0
        const step = ask(['SCAN', cursor, 'MATCH', pattern, 'COUNT', `${SCAN_COUNT}`], call)
        const [count, [next, keys]] = (await Promise.all([unlinked, step])) as [number, [string | number, string[]]]
        deleted += count
        cursor = `${next}`
        found = keys
      } while (cursor !== '0')
      return deleted + (found.length ? ((await ask(['UNLINK', ...found], call)) as number) : 0)
    },

    // The script knows what it gives.
    run: (script, keys, args, call) => run(script, keys, args, call) as never,

    async ping(call) {
      const startedMs = performance.now()
      await ask(['PING'], call)
      return performance.now() - startedMs
    },
  }
}

/** What commands and scripts with a condition give when they have done what they were asked. */
function isDone(result: unknown): boolean {
  return result === 'OK' || result === 1
}
