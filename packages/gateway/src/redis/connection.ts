import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { RedisUnavailableError } from './redis-unavailable-error.js'
import { type Command, encodeCommands, type Reply, ReplyFault } from './reply.js'
import { ReplyReader } from './reply-reader.js'
import type { Target } from './target.js'

export interface ConnectionOptions {
  readonly target: Target
  /** The most time that opening may take, introduction included. */
  readonly connectTimeoutMs: number
  /** How long an answer may be owed without a byte coming in before the connection is taken for dead. */
  readonly commandTimeoutMs: number
}

/**
 * One connection to Redis. It connects once, never reconnects and never sends a command twice; when it is gone, it is
 * gone, and whoever needs one opens another.
 */
export interface Connection {
  readonly usable: boolean
  /** How many replies are owed. */
  readonly owed: number
  /**
   * Sends commands in one piece, so that nobody else's come in between, and resolves to one reply each.
   * @throws RedisUnavailableError when not all of them were answered: some may have run.
   */
  send(commands: readonly Command[]): Promise<Reply[]>
  /** Replies that nobody sent for are messages, for `onMessage`: after SUBSCRIBE and the like. `onClose` is told of the end. */
  listen(onMessage: (reply: Reply) => void, onClose: (error: RedisUnavailableError) => void): void
  /** Sends commands whose replies are messages. */
  tell(commands: readonly Command[]): void
  close(): void
}

interface Waiting {
  readonly replies: Reply[]
  readonly count: number
  resolve(replies: Reply[]): void
  reject(error: RedisUnavailableError): void
}

/** @throws RedisUnavailableError (`'unreachable'`): nothing was sent but the introduction. */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { target, connectTimeoutMs } = options
  const socket = dial(target)
  const connection = speak(socket, options)
  const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${connectTimeoutMs} ms`)), connectTimeoutMs)
  try {
    await opened(socket, target.tls ? 'secureConnect' : 'connect')
    const introduction = introduce(target)
    if (introduction.length) {
      const refusal = (await connection.send(introduction)).find((reply) => reply instanceof ReplyFault)
      if (refusal instanceof ReplyFault) throw new Error(refusal.message)
    }
    return connection
  } catch (error) {
    connection.close()
    const cause = error instanceof RedisUnavailableError ? error.cause : error
    throw new RedisUnavailableError('unreachable', target, cause)
  } finally {
    clearTimeout(timer)
  }
}

function dial({ host, port, tls }: Target): Socket {
  const socket = tls
    ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }) })
    : connectTcp({ host, port })
  socket.setNoDelay(true)
  socket.setKeepAlive(true)
  return socket
}

function opened(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, resolve)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the server closed the connection')))
  })
}

function introduce({ username, password, db }: Target): Command[] {
  const auth =
    password === undefined ? [] : [username === undefined ? ['AUTH', password] : ['AUTH', username, password]]
  return db ? [...auth, ['SELECT', `${db}`]] : auth
}

function speak(socket: Socket, { target, commandTimeoutMs }: ConnectionOptions): Connection {
  const reader = new ReplyReader()
  const waiting: Waiting[] = []
  let gone: RedisUnavailableError | undefined
  let listener: { onMessage(reply: Reply): void; onClose(error: RedisUnavailableError): void } | undefined
  let stall: NodeJS.Timeout | undefined

  const end = (error: RedisUnavailableError) => {
    if (gone) return
    gone = error
    clearTimeout(stall)
    socket.destroy()
    for (const { reject } of waiting.splice(0)) reject(error)
    listener?.onClose(error)
  }
  const watch = () => {
    clearTimeout(stall)
    if (waiting.length) stall = setTimeout(() => end(new RedisUnavailableError('silent', target)), commandTimeoutMs)
  }
  const take = (reply: Reply) => {
    const [first] = waiting
    if (!first) return listener?.onMessage(reply)
    first.replies.push(reply)
    if (first.replies.length < first.count) return
    waiting.shift()
    first.resolve(first.replies)
  }

  let lastError: unknown
  socket.on('error', (error) => {
    lastError = error
  })
  socket.on('close', () => end(new RedisUnavailableError('lost', target, lastError)))
  socket.on('end', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const reply of reader.push(chunk)) take(reply)
      if (!gone) watch()
    } catch (error) {
      end(new RedisUnavailableError('lost', target, error))
    }
  })

  return {
    get usable() {
      return !gone && !socket.destroyed && socket.writable
    },
    get owed() {
      return waiting.length
    },
    send(commands) {
      if (gone) return Promise.reject(gone)
      return new Promise((resolve, reject) => {
        waiting.push({ replies: [], count: commands.length, resolve, reject })
        if (waiting.length === 1) watch()
        socket.write(encodeCommands(commands))
      })
    },
    listen(onMessage, onClose) {
      listener = { onMessage, onClose }
      if (gone) onClose(gone)
    },
    tell(commands) {
      if (!gone && commands.length) socket.write(encodeCommands(commands))
    },
    close: () => end(new RedisUnavailableError('lost', target, new Error('closed by the gateway'))),
  }
}
