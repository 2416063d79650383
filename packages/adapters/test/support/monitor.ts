import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import type { RedisServer } from './redis-server.js'
import { waitUntil } from './wait-until.js'

/** Every command that the server runs while `call` is under way, those inside of scripts too: `['SET', 'key', …]`. */
export async function monitored(redis: RedisServer, call: () => Promise<unknown>): Promise<string[][]> {
  const socket = connect({ host: redis.host, port: redis.port })
  const seen: string[][] = []
  const end = `end of ${Math.random()}`
  createInterface({ input: socket }).on('line', (line) => {
    // `+1700000000.123456 [0 lua] "SET" "key" "va\"lue"`
    const words = [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word]) => word as string)
    if (words.length) seen.push(words)
  })
  try {
    socket.write('MONITOR\r\n')
    await once(socket, 'data')
    await call()
    await redis.cli('ECHO', end)
    await waitUntil('MONITOR has seen the end', async () => seen.some((words) => words[1] === end))
    return seen.filter(([name]) => name?.toUpperCase() !== 'ECHO')
  } finally {
    socket.destroy()
  }
}
