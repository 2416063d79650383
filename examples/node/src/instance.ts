import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { close } from '@larder/core'
import { app } from './app.js'
import { serveSockets } from './sockets.js'

export interface Instance {
  readonly url: string
  /** Stops taking requests, lets those under way end, then closes sockets, subscriptions and connections to Redis. */
  close(): Promise<void>
}

/** One of the instances: HTTP and WebSockets on one port. 0 is any free one. */
export async function startInstance(port: number): Promise<Instance> {
  const server = createServer(getRequestListener(app.fetch))
  const sockets = await serveSockets(server)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      await sockets.close()
      await closed
      await close()
    },
  }
}
