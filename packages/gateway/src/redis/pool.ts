import { createSlots } from '../slots.js'
import { type Connection, type ConnectionOptions, openConnection } from './connection.js'
import { RedisUnavailableError } from './redis-unavailable-error.js'

export interface PoolOptions extends ConnectionOptions {
  /** The most connections that are leased at a time. */
  readonly maxLeased: number
  readonly maxWaiting: number
}

/** The gateway's connections to one Redis. None is opened before it is needed. */
export interface Pool {
  /** The one that ordinary commands share, one behind the other. Concurrent first uses open one. */
  shared(): Promise<Connection>
  /**
   * Runs `work` with a connection that nobody else uses meanwhile. One that is left in the midst of something is closed.
   * @throws BusyError when none is free in time.
   */
  lease<T>(work: (connection: Connection) => Promise<T>): Promise<T>
  /** One that is not shared, nor ever handed to another: the caller closes it. */
  open(): Promise<Connection>
  /** Closes all of them, at once. */
  close(): void
}

export function createPool(options: PoolOptions): Pool {
  const { maxLeased, maxWaiting, commandTimeoutMs } = options
  const slots = createSlots({ of: 'transactions', max: maxLeased, maxWaiting, maxWaitMs: commandTimeoutMs })
  const all = new Set<Connection>()
  const free: Connection[] = []
  let current: Promise<Connection> | undefined
  let usable = () => true
  let closed = false

  async function open(): Promise<Connection> {
    for (const connection of all) if (!connection.usable) all.delete(connection)
    const connection = await openConnection(options)
    all.add(connection)
    if (closed) {
      connection.close()
      throw new RedisUnavailableError('unreachable', options.target, new Error('the gateway is closed'))
    }
    return connection
  }

  return {
    open,

    shared() {
      if (!current || !usable()) {
        usable = () => true
        const opening = open()
        current = opening
        opening.then(
          (connection) => {
            if (current === opening) usable = () => connection.usable
          },
          () => {
            // Forgotten: the next request tries anew.
            if (current === opening) current = undefined
          },
        )
      }
      return current
    },

    lease: (work) =>
      slots.use(async () => {
        let connection = free.pop()
        while (connection && !connection.usable) connection = free.pop()
        connection ??= await open()
        try {
          return await work(connection)
        } finally {
          if (connection.usable && connection.owed === 0) free.push(connection)
          else connection.close()
        }
      }),

    close() {
      closed = true
      for (const connection of all) connection.close()
      all.clear()
    },
  }
}
