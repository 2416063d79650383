import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Below the range from which the system takes ports for outgoing connections. A port from inside that range can be lost
 * while its server is down, and a client that keeps dialling it may end up connected to itself.
 */
const FIRST = 16_000
const LAST = 32_000

const handedOut = new Set<number>()

/** A port of 127.0.0.1 that nothing listens on. Never the same twice in one process. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST)
    if (handedOut.has(port) || !(await isFree(port))) continue
    handedOut.add(port)
    return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
