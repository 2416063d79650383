import { bus, Cached, CacheEvict } from '@larder/core'
import { redis } from './larder.js'

export interface Notice {
  readonly number: number
  readonly author: string
  readonly text: string
  readonly at: Date
}

/** How many notices a room keeps. */
const KEPT = 50

/** Notices by room, in lists of Redis. Every instance serves them from its own memory until one of them is told of a change. */
class Board {
  /** How often this instance has read a list from Redis. */
  reads = 0

  @Cached({ ttl: '1h', prefix: 'notices', tags: (room: string) => [`room:${room}`], local: { ttl: '5m' } })
  async notices(room: string): Promise<Notice[]> {
    this.reads++
    const client = await redis.client()
    const lines = await client.lrange(`board:${room}`, 0, -1)
    return lines.map((line) => {
      const { at, ...notice } = JSON.parse(line)
      return { ...notice, at: new Date(at) }
    })
  }

  /** Numbers a notice and puts it on top, as one transaction on a connection of its own; then tells every instance. */
  @CacheEvict({ tags: (room: string) => [`room:${room}`] })
  async post(room: string, author: string, text: string): Promise<Notice> {
    const notice = await redis.withConnection(async (client) => {
      const counter = `board:${room}:count`
      for (;;) {
        await client.watch(counter)
        const number = Number(await client.get(counter)) + 1
        const notice: Notice = { number, author, text, at: new Date() }
        const done = await client
          .multi()
          .set(counter, number)
          .lpush(`board:${room}`, JSON.stringify(notice))
          .ltrim(`board:${room}`, 0, KEPT - 1)
          .exec()
        // Another instance numbered one in between: then nothing was done.
        if (done) return notice
      }
    })
    await bus.publish(`room:${room}`, notice)
    return notice
  }
}

export const board = new Board()
