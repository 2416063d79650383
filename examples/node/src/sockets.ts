import type { Server } from 'node:http'
import { type BusSubscription, bus } from '@larder/core'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Notice } from './board.js'

/**
 * `GET /rooms/:room` as a WebSocket: each notice of that room, and each word to everybody, whichever instance it was
 * posted on. One subscription by pattern and one by name serve all sockets of this instance.
 */
export async function serveSockets(server: Server): Promise<{ close(): Promise<void> }> {
  const sockets = new WebSocketServer({ noServer: true })
  const rooms = new Map<string, Set<WebSocket>>()

  server.on('upgrade', (request, socket, head) => {
    const room = /^\/rooms\/([\w-]+)$/.exec(request.url ?? '')?.[1]
    if (!room) return socket.end('HTTP/1.1 404 Not Found\r\n\r\n')
    sockets.handleUpgrade(request, socket, head, (client) => {
      const members = rooms.get(room) ?? new Set()
      rooms.set(room, members.add(client))
      client.on('close', () => {
        members.delete(client)
        if (members.size === 0) rooms.delete(room)
      })
    })
  })

  const subscriptions: BusSubscription[] = await Promise.all([
    bus.subscribe<Notice>({ patterns: ['room:*'] }, (notice, channel) => {
      for (const client of rooms.get(channel.slice('room:'.length)) ?? []) client.send(JSON.stringify(notice))
    }),
    bus.subscribe(['everybody'], (word) => {
      for (const client of sockets.clients) client.send(JSON.stringify(word))
    }),
  ])
  return {
    async close() {
      await Promise.all(subscriptions.map((subscription) => subscription.unsubscribe()))
      // 1001: the server goes away.
      for (const client of sockets.clients) client.close(1001)
      sockets.close()
    },
  }
}
