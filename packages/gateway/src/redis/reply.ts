/** What Redis answers, as RESP2 has it: kinds stay apart that most clients throw together. */
export type Reply = null | number | bigint | Buffer | Status | ReplyFault | Reply[]

/** A short text without content of users: `OK`, `PONG`, `QUEUED`. A value that reads `OK` is a Buffer. */
export class Status {
  constructor(readonly text: string) {}
}

/** What Redis says no with. A value, because one command of many may fail. */
export class ReplyFault {
  constructor(readonly message: string) {}
}

/** One argument of a command. The first one is its name. */
export type Argument = string | Buffer
export type Command = readonly Argument[]

/** The name of a command in capitals: that of `argument` number `index`. */
export function word(command: Command, index = 0): string {
  return String(command[index] ?? '').toUpperCase()
}

/** Commands as Redis takes them: an array of bulk strings each. */
export function encodeCommands(commands: readonly Command[]): Buffer {
  const parts: Buffer[] = []
  let text = ''
  for (const command of commands) {
    text += `*${command.length}\r\n`
    for (const argument of command) {
      if (typeof argument === 'string') {
        text += `$${Buffer.byteLength(argument)}\r\n${argument}\r\n`
      } else {
        parts.push(Buffer.from(`${text}$${argument.length}\r\n`), argument)
        text = '\r\n'
      }
    }
  }
  if (parts.length === 0) return Buffer.from(text)
  return Buffer.concat([...parts, Buffer.from(text)])
}

/** A reply as Redis sent it. A null is a null bulk string, whichever of RESP2's two it was. */
export function encodeReply(reply: Reply): Buffer {
  if (reply === null) return Buffer.from('$-1\r\n')
  if (reply instanceof Status) return Buffer.from(`+${reply.text}\r\n`)
  if (reply instanceof ReplyFault) return Buffer.from(`-${reply.message}\r\n`)
  if (Buffer.isBuffer(reply)) return Buffer.concat([Buffer.from(`$${reply.length}\r\n`), reply, Buffer.from('\r\n')])
  if (Array.isArray(reply)) return Buffer.concat([Buffer.from(`*${reply.length}\r\n`), ...reply.map(encodeReply)])
  return Buffer.from(`:${reply}\r\n`)
}
