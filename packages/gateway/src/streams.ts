import type { ServerResponse } from 'node:http'
import { BusyError } from './busy-error.js'
import { HttpFault } from './http-fault.js'
import type { Connection } from './redis/connection.js'
import type { Pool } from './redis/pool.js'
import { type Argument, type Command, type Reply, ReplyFault, Status } from './redis/reply.js'

/** What may wait to be read by a client that is slower than its messages; beyond it the stream is cut. */
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024

export type StreamKind = 'subscribe' | 'psubscribe' | 'monitor'

/** Event streams, each on a connection of its own. */
export interface Streams {
  /**
   * Begins a stream on `response`. It ends with the client, with Redis, or with the gateway.
   * @throws HttpFault (400) when Redis refuses, BusyError when there are too many already, RedisUnavailableError.
   */
  open(kind: StreamKind, names: readonly Argument[], response: ServerResponse, headers: object): Promise<void>
  /** Ends all of them. */
  close(): void
}

export interface StreamOptions {
  readonly maxStreams: number
  readonly heartbeatMs: number
}

export function createStreams(pool: Pool, { maxStreams: max, heartbeatMs }: StreamOptions): Streams {
  const ends = new Set<() => void>()
  let opening = 0
  let closed = false

  return {
    async open(kind, names, response, headers) {
      if (kind !== 'monitor' && names.length === 0) throw new HttpFault(400, `ERR no channel: use /${kind}/<name>`)
      if (ends.size + opening >= max) throw new BusyError(`too many event streams at once: ${max} are open`)
      const commands = commandsOf(kind, names)
      opening++
      const source = await begin(pool, commands).finally(() => opening--)
      if (closed) {
        source.connection.close()
        throw new BusyError('the gateway is closing')
      }
      // The client did not wait for it.
      if (response.destroyed) return source.connection.close()
      response.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
      pipe(source, response, { canPing: kind !== 'monitor', heartbeatMs, ends })
    },

    close() {
      closed = true
      for (const end of ends) end()
    },
  }
}

/** A connection on which messages come in, and those that have come in so far. */
interface Source {
  readonly connection: Connection
  readonly early: readonly Reply[]
}

/** @throws HttpFault (400) when Redis refuses the first of the commands. The others' replies are events. */
async function begin(pool: Pool, [first, ...rest]: readonly Command[]): Promise<Source> {
  const connection = await pool.open()
  const early: Reply[] = []
  connection.listen(
    (reply) => early.push(reply),
    () => {},
  )
  try {
    const [reply] = (await connection.send([first as Command])) as [Reply]
    if (reply instanceof ReplyFault) throw new HttpFault(400, reply.message)
    connection.tell(rest)
    early.unshift(reply)
    return { connection, early }
  } catch (error) {
    connection.close()
    throw error
  }
}

interface PipeOptions {
  /** Whether Redis would answer a PING here: not where it monitors. */
  readonly canPing: boolean
  readonly heartbeatMs: number
  /** What ends this stream is among them for as long as it is open. */
  readonly ends: Set<() => void>
}

/** Writes messages to the response until one of the two is gone. */
function pipe({ connection, early }: Source, response: ServerResponse, options: PipeOptions): void {
  const { canPing, heartbeatMs, ends } = options
  let pongIsDue = false
  const heartbeat = setInterval(() => {
    // A hung Redis closes nothing: one has to ask. And clients take silence of minutes for death.
    if (pongIsDue) return end()
    if (canPing) {
      pongIsDue = true
      connection.tell([['PING']])
    }
    response.write(':\n\n')
  }, heartbeatMs)
  const end = () => {
    clearInterval(heartbeat)
    connection.close()
    response.end()
    ends.delete(end)
  }
  ends.add(end)
  const write = (message: Reply) => {
    if (isPong(message)) {
      pongIsDue = false
      return
    }
    response.write(toEvent(message))
    if (response.writableLength > MAX_BACKLOG_BYTES) response.destroy()
  }
  response.once('close', end)
  for (const message of early) write(message)
  connection.listen(write, end)
}

/** One for each name, so that each has one reply. */
function commandsOf(kind: StreamKind, names: readonly Argument[]): Command[] {
  return kind === 'monitor' ? [['MONITOR']] : names.map((name) => [kind.toUpperCase(), name])
}

function isPong(reply: Reply): boolean {
  return Array.isArray(reply) && Buffer.isBuffer(reply[0]) && reply[0].toString() === 'pong'
}

/** Each line of a message is a `data:` line of one event, as the standard has it. */
function toEvent(reply: Reply): string {
  const text = toText(reply)
  return `data: ${text.split(/\r\n|\r|\n/).join('\ndata: ')}\n\n`
}

function toText(reply: Reply): string {
  if (Array.isArray(reply)) return reply.map(toText).join(',')
  if (reply instanceof Status) return reply.text === 'OK' ? '"OK"' : reply.text
  return reply instanceof ReplyFault ? reply.message : String(reply ?? '')
}
