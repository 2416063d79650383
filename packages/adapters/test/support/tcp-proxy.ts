import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { freePort } from './free-port.js'
import { type Address, joinSockets, type Pair, type Weather } from './tcp-proxy-pair.js'

export interface BlackholeOptions {
  /** The connections that are open now. */
  readonly existing: boolean
  /** Those to come: they are accepted, and never answered. */
  readonly fresh: boolean
}

export interface DropRepliesOptions {
  /**
   * How many replies are lost before things are well again.
   * @default every one until `dropReplies(false)`
   */
  readonly times?: number
  /**
   * Only replies to a request that has this in its bytes, `'EVALSHA'`. Through TLS nothing can be found.
   * @default any
   */
  readonly to?: string
}

/** A network between a client and a server on the same machine, with its troubles at the turn of a switch. */
export interface TcpProxy extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** As of Redis without TLS and password. */
  readonly url: string
  /** Those that the client has `open` now, and all that it `opened` since the start. */
  readonly connections: { readonly open: number; readonly opened: number }
  /** Breaks all open connections. New ones are welcome. */
  cut(): void
  /**
   * Lets nothing through any more, in either direction, and says nothing about it, not even that a side has closed. When
   * it is switched off, what was under way arrives late, as it would by retransmission.
   */
  blackhole(on: boolean | BlackholeOptions): void
  /** Refuses new connections. Open ones go on. */
  refuse(on?: boolean): Promise<void>
  /**
   * Lets a request through and breaks the connection when the reply comes: the server has done it, the client cannot
   * know. Where requests are pipelined, the first reply that comes breaks it; the server still gets all that was sent.
   */
  dropReplies(on?: boolean | DropRepliesOptions): void
  /** Makes each round trip longer by so much. 0 to make it quick again. */
  latency(ms: number): void
  /** Breaks everything and closes the port. May be called twice. */
  stop(): Promise<void>
}

const HOST = '127.0.0.1'

/**
 * Starts a proxy in front of a server.
 * @example
 * await using proxy = await startProxy(redis)
 * proxy.blackhole({ existing: true, fresh: false }) // the client's sockets are dead, and a new one would do
 */
export async function startProxy(target: Address): Promise<TcpProxy> {
  const pairs = new Set<Pair>()
  let opened = 0
  let freshBlackholed = false
  const weather: Weather = { latencyMs: 0, dropped: undefined }

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client: Socket) => {
    opened++
    const pair = joinSockets(client, target, weather, freshBlackholed)
    pairs.add(pair)
    client.once('close', () => pairs.delete(pair))
  })
  const listen = async (port: number) => {
    server.listen({ port, host: HOST, exclusive: true })
    await once(server, 'listening')
  }
  const port = await freePort()
  await listen(port)

  const cut = () => {
    for (const pair of pairs) pair.cut()
  }
  const refuse = async (on = true) => {
    if (on === !server.listening) return
    // Its callback would wait for the open connections; the port is closed at once.
    if (on) server.close()
    else await listen(port)
  }
  const stop = async () => {
    const closed = [...pairs].map((pair) => pair.closed)
    await refuse()
    cut()
    await Promise.all(closed)
  }

  return {
    host: HOST,
    port,
    url: `redis://${HOST}:${port}`,
    get connections() {
      return { open: [...pairs].filter((pair) => pair.open).length, opened }
    },
    cut,
    blackhole(on) {
      const { existing, fresh } = typeof on === 'boolean' ? { existing: on, fresh: on } : on
      freshBlackholed = fresh
      for (const pair of pairs) pair.blackhole(existing)
    },
    refuse,
    dropReplies(on = true) {
      const { times = Number.POSITIVE_INFINITY, to = '' } = typeof on === 'boolean' ? {} : on
      weather.dropped = on === false ? undefined : { times, to }
    },
    latency(ms) {
      weather.latencyMs = ms
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
