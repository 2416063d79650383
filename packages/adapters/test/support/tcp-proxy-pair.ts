import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Address {
  readonly host: string
  readonly port: number
}

/** What holds for all connections of a proxy. Changed while they are in use. */
export interface Weather {
  latencyMs: number
  /** Whether the reply to a request that contains `to` is lost, and how often still. */
  dropped: { times: number; readonly to: string } | undefined
}

/** A client's connection through the proxy and the one behind it. */
export interface Pair {
  /** Breaks both, at once. */
  cut(): void
  blackhole(on: boolean): void
  /** Whether the client has not closed its side yet. */
  readonly open: boolean
  /** Resolves when both are gone. */
  readonly closed: Promise<unknown>
}

/** Connects `client` with a server. Born in a black hole, its bytes wait here from the first one on. */
export function joinSockets(client: Socket, target: Address, weather: Weather, blackholed: boolean): Pair {
  const server = connect({ ...target, allowHalfOpen: true, noDelay: true })
  const held: (() => void)[] = []
  let swallowing = blackholed
  let replyIsLost = false

  /** Does it now, or when the black hole ends. */
  const pass = (step: () => void) => {
    if (swallowing) held.push(step)
    else step()
  }

  /** Keeps requests in their order while each of them is held up. */
  let lastRequest = Promise.resolve()
  const delayed = (step: () => void) => {
    const dueAtMs = performance.now() + weather.latencyMs
    lastRequest = lastRequest.then(async () => {
      const waitMs = dueAtMs - performance.now()
      if (waitMs > 0) await sleep(waitMs)
      pass(step)
    })
  }

  const forwardRequest = (chunk: Buffer) => {
    if (weather.dropped && chunk.includes(weather.dropped.to)) replyIsLost = true
    server.write(chunk)
  }
  const forwardReply = (chunk: Buffer) => {
    if (replyIsLost) loseReply()
    else client.write(chunk)
  }
  const loseReply = () => {
    if (client.destroyed) return
    if (weather.dropped && --weather.dropped.times <= 0) weather.dropped = undefined
    client.destroy()
  }

  client.on('data', (chunk: Buffer) => delayed(() => forwardRequest(chunk)))
  client.on('end', () => delayed(() => server.end()))
  server.on('data', (chunk: Buffer) => pass(() => forwardReply(chunk)))
  server.on('end', () => pass(() => client.end()))

  // What the client sent before it left still reaches the server: it is not for the proxy to undo it.
  client.on('close', () => {
    held.length = 0
    server.end()
    server.resume()
    server.setTimeout(1_000, () => server.destroy())
  })
  server.on('close', () => pass(() => client.destroy()))
  client.on('error', () => {}) // 'close' follows
  server.on('error', () => {})

  return {
    cut() {
      client.resetAndDestroy()
      server.destroy()
    },
    blackhole(on) {
      swallowing = on
      if (!on) for (const step of held.splice(0)) step()
    },
    get open() {
      return !client.readableEnded
    },
    closed: Promise.all([client, server].map((socket) => new Promise((resolve) => socket.once('close', resolve)))),
  }
}
