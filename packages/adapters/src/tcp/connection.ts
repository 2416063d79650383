import type { Cluster, Redis, RedisOptions } from 'ioredis'
import type { OpenClient } from './open-client.js'
import { toTypedError } from './reply-error.js'

/**
 * One connection: an ioredis client that connects once. It never reconnects by itself and never sends a command twice;
 * when it is gone it is gone, and the pool opens another at the next use. So nothing runs in the background, no timer
 * keeps a process alive or is waited for after a freeze, and a command whose answer got lost is never repeated unseen.
 */
export interface Connection {
  readonly client: Redis | Cluster
  /** Whether the next command may go here. A connection that owes an answer for too long is closed by asking. */
  isUsable(): boolean
  /** Passes a command on, and what it rejects with as a typed error. */
  send<T>(command: (client: Redis) => Promise<T>): Promise<T>
  /** Keeps the process alive until the returned function is called. Otherwise only commands under way do. */
  hold(): () => void
  close(): void
  /** Closes once what is under way has been answered, and no later than it would be taken for dead. */
  retire(): Promise<void>
}

interface Socket {
  readonly bytesRead: number
  readonly readable: boolean
  readonly destroyed: boolean
  ref(): void
  unref(): void
}

/** What a client is made with, so that it behaves as {@link Connection} says. */
export const CONNECT_ONCE = {
  lazyConnect: true,
  // The pool replaces; ioredis would resend what may have been done already.
  retryStrategy: () => null,
  maxRetriesPerRequest: 0,
  autoResubscribe: false,
  // One round trip less to open. A server that is loading says so to the first command as well.
  enableReadyCheck: false,
} satisfies RedisOptions

/**
 * @param stallMs how long a connection may owe an answer without a byte coming in; Infinity for a client that is not ours
 */
export function createConnection({ client, lastError }: OpenClient, stallMs: number): Connection {
  let pending = 0
  /** When it last answered, or began to owe an answer. */
  let sinceMs = 0
  let bytesRead = 0

  // A client of the application's own is left as it is. A cluster's has a socket for each node, and none here.
  const isOurs = stallMs < Number.POSITIVE_INFINITY
  const stream = () => (isOurs ? (client as unknown as { stream?: Socket }).stream : undefined)
  const close = () => client.disconnect()
  // An idle connection is no reason for a process to stay, nor for a Lambda with a callback to wait.
  let users = 0
  const use = () => {
    if (users++ === 0) stream()?.ref()
  }
  const leave = () => {
    if (--users === 0) stream()?.unref()
  }
  stream()?.unref()

  let onDrained = () => {}

  const answered = () => {
    // With nothing owed, the next command says since when.
    if (--pending > 0) sinceMs = performance.now()
    if (pending === 0) onDrained()
    leave()
  }

  const onValue = (value: unknown) => {
    answered()
    return value
  }
  const onError = (error: unknown): never => {
    answered()
    throw toTypedError(client.status === 'ready' ? error : (lastError() ?? error))
  }

  function isStalled(): boolean {
    if (pending === 0 || performance.now() - sinceMs < stallMs) return false
    const bytes = stream()?.bytesRead ?? 0
    if (bytes === bytesRead) return true
    // A long answer on its way.
    bytesRead = bytes
    sinceMs = performance.now()
    return false
  }

  return {
    client,
    close,
    isUsable() {
      // Its status lags behind a `disconnect()` or `quit()` by whoever had leased it.
      if (client.status !== 'ready' || (client as unknown as { manuallyClosing?: boolean }).manuallyClosing)
        return false
      const socket = stream()
      if (socket && (socket.destroyed || !socket.readable)) return false
      if (!isStalled()) return true
      close()
      return false
    },
    async retire() {
      if (pending > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, stallMs)
          onDrained = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      close()
    },
    hold() {
      use()
      return leave
    },
    send(command) {
      use()
      if (pending++ === 0) {
        sinceMs = performance.now()
        bytesRead = stream()?.bytesRead ?? 0
      }
      return command(client as Redis).then(onValue as never, onError)
    },
  }
}
