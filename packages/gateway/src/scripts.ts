import { createHash } from 'node:crypto'
import { type Command, type Reply, word } from './redis/reply.js'

/** The flag by which Upstash locks only the keys of a script. Redis knows no such flag and refuses the script. */
const FLAG = 'allow-key-locking'
const MAX_REMEMBERED = 10_000

/** Makes scripts that were written for Upstash run on Redis, unseen by those who send them. */
export interface Scripts {
  /** The command as Redis is to have it. */
  translate(command: Command): Command
  /** The reply to `command`, as it was before {@link translate}, as the client is to have it. */
  translateReply(command: Command, reply: Reply): Reply
}

/**
 * A script without the flag has another SHA-1, so a client's EVALSHA would never hit. Remembered is, for each script that
 * had the flag, the hash that the client knows it by. What is forgotten, by a restart or beyond 10,000 scripts, is
 * NOSCRIPT, upon which clients send EVAL.
 */
export function createScripts(): Scripts {
  /** From the client's hash to that of Redis. */
  const hashes = new Map<string, string>()

  function rewrite(script: string): string {
    const plain = withoutFlag(script)
    if (plain === script) return script
    const known = sha1(script)
    hashes.delete(known)
    hashes.set(known, sha1(plain))
    if (hashes.size > MAX_REMEMBERED) hashes.delete(hashes.keys().next().value as string)
    return plain
  }
  const toServer = (hash: string) => hashes.get(hash.toLowerCase()) ?? hash
  const replace = (command: Command, index: number, by: (text: string) => string): Command => {
    const argument = command[index]
    if (argument === undefined) return command
    const made = by(String(argument))
    // What need not change stays, byte for byte: it may be no text.
    return made === String(argument) ? command : command.with(index, made)
  }

  return {
    translate(command) {
      switch (word(command)) {
        case 'EVAL':
        case 'EVAL_RO':
          return replace(command, 1, rewrite)
        case 'EVALSHA':
        case 'EVALSHA_RO':
          return replace(command, 1, toServer)
        case 'SCRIPT':
          if (word(command, 1) === 'LOAD') return replace(command, 2, rewrite)
          if (word(command, 1) === 'EXISTS') {
            return command.map((argument, i) => (i < 2 ? argument : toServer(String(argument))))
          }
      }
      return command
    },

    translateReply(command, reply) {
      const isLoad = Buffer.isBuffer(reply) && word(command) === 'SCRIPT' && word(command, 1) === 'LOAD'
      return isLoad ? Buffer.from(sha1(String(command[2]))) : reply
    },
  }
}

/**
 * The script without the flag. Its lines keep their numbers, for Redis names them in errors. Without other flags the whole
 * line goes: Redis before version 7 knows none.
 */
function withoutFlag(script: string): string {
  const [shebang] = /^#!lua[^\n]*/.exec(script) ?? []
  if (!shebang?.includes(FLAG)) return script
  const kept = shebang.replace(/\bflags=(\S*)/, (_, list: string) => {
    const flags = list.split(',').filter((flag) => flag !== FLAG)
    return flags.length ? `flags=${flags.join(',')}` : ''
  })
  const line = kept.trim() === '#!lua' ? '' : kept.trimEnd()
  return line + script.slice(shebang.length)
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
