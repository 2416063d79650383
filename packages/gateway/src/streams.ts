import type { ServerResponse } from 'node:http'
import { BusyError } from './busy-error.js'
import { HttpFault } from './http-fault.js'
import type { Connection } from './redis/connection.js'
import type { Pool } from './redis/pool.js'
import { type Argument, type Command, type Reply, ReplyFault, Status } from './redis/reply.js'

/** How often a stream shows that it is alive. Clients and proxies take silence of minutes for death. */
const HEARTBEAT_MS = 15_000
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

export function createStreams(pool: Pool, max: number): Streams {
  const ends = new Set<() => void>()
  let opening = 0
  let closed = false

  return {
    async open(kind, names, response, headers) {
      if (kind !== 'monitor' && names.length === 0) throw new HttpFault(400, `ERR no channel: use /${kind}/<name>`)
      if (ends.size + opening >= max) throw new BusyError(`too many event streams at once: ${max} are open`)
      opening++
      let connection: Connection
      try {
        connection = await pool.open()
      } finally {
        opening--
      }
      const end = () => {
        ends.delete(end)
        clearInterval(heartbeat)
        connection.close()
        response.end()
      }
      ends.add(end)
      const heartbeat = setInterval(() => beat(), HEARTBEAT_MS)
      const early: Reply[] = []
      let pongIsDue = false
      let write = (reply: Reply) => void early.push(reply)
      const beat = () => {
        // A hung Redis closes nothing: its client has to ask. On a connection that monitors it would not answer.
        if (pongIsDue) return end()
        if (kind !== 'monitor') {
          pongIsDue = true
          connection.tell([['PING']])
        }
        if (response.headersSent) response.write(':\n\n')
      }

      response.once('close', end)
      const commands = commandsOf(kind, names)
      const firstReply = connection.send(commands.slice(0, 1))
      connection.listen((reply) => {
        if (isPong(reply)) pongIsDue = false
        else write(reply)
      }, end)
      try {
        const [reply] = (await firstReply) as [Reply]
        if (reply instanceof ReplyFault) throw new HttpFault(400, reply.message)
        if (closed || response.destroyed) return end()
        response.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
        write = (message) => {
          response.write(toEvent(message))
          if (response.writableLength > MAX_BACKLOG_BYTES) response.destroy()
        }
        for (const message of [reply, ...early]) write(message)
        connection.tell(commands.slice(1))
      } catch (error) {
        ends.delete(end)
        clearInterval(heartbeat)
        response.off('close', end)
        connection.close()
        throw error
      }
    },

    close() {
      closed = true
      for (const end of ends) end()
    },
  }
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
