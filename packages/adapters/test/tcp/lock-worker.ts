// A process of its own that takes one lock again and again, so that a test can stop, resume and kill it. It writes what
// it saw, one JSON a line, and ends when its input does. Its argument says what it does.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Adapter, createLarder, type Lock } from '@larder/core'
import { limitAdapters } from '../support/limit-adapters.js'
import { writeFenced } from './lock-fenced-store.js'

const [task = '', key = '', clients = '1'] = process.argv.slice(2)
const { STORE_URL: url = '' } = process.env
const adapter = limitAdapters[url.startsWith('http') ? 'http' : 'tcp']?.(url) as Adapter
const { locks } = createLarder({ adapter })
let running = true
process.stdin.on('end', () => {
  running = false
})
process.stdin.resume()
const write = (line: object) => console.log(JSON.stringify(line))
const random = (least: number, most: number) => least + Math.random() * (most - least)
const nowUs = () => Number(process.hrtime.bigint() / 1_000n)

const tasks: Record<string, (client: number) => Promise<void>> = {
  /** Holds the lock for shorter and for longer than it lasts. Tells from when until when it believed to hold it. */
  async hold() {
    try {
      const lock = await locks.acquire(key, { ttl: '400ms', wait: '2s', extend: Math.random() < 0.7 })
      const fromMs = Date.now()
      await Promise.race([
        sleep(random(0, 700)),
        new Promise((resolve) => lock.signal.addEventListener('abort', resolve)),
      ])
      const untilMs = Math.min(Date.now(), lock.expiresAtMs)
      write({ fence: lock.fence, fromMs, untilMs })
      await lock.release()
    } catch {
      await sleep(random(0, 50))
    }
  },

  /** Tries to take the lock, and lets it go. Tells each call and its answer. */
  async record(client) {
    await recorded(client, () => locks.tryAcquire(key, { extend: false }))
  },

  /** Takes the lock, is busy for a while, and writes without asking whether it still has it. */
  async write() {
    const lock = await locks.acquire(key, { ttl: '500ms' })
    write({ fence: lock.fence })
    await sleep(300)
    write({ written: await writeFenced(adapter, key, lock.fence, 'by the sleeper') })
    running = false
  },

  /** Takes the lock and leaves it as it is: neither it nor the connection is a reason for the process to stay. */
  async leave() {
    const lock = await locks.acquire(key, { ttl: '1h' })
    write({ fence: lock.fence })
    running = false
    process.stdin.destroy()
  },

  /** As `record`, with a lock of which it is known that it does not work: it looks, and then it takes. */
  async broken(client) {
    const token = `${process.pid} ${client} ${Math.random()}`
    await recorded(client, async () => {
      const [holder] = await adapter.getMany([key])
      if (holder !== null) return null
      await adapter.set(key, token, { ttlMs: 30_000 })
      return { release: () => adapter.deleteIf(key, token) }
    })
  },
}

async function recorded(client: number, take: () => Promise<Pick<Lock, 'release'> | null>): Promise<void> {
  const who = `${process.pid}.${client}`
  const call = async <T>(what: string, send: () => Promise<T>, told: (answer: T) => boolean) => {
    const calledAt = nowUs()
    const answer = await send()
    write({ who, what, told: told(answer), calledAt, answeredAt: nowUs() })
    return answer
  }
  const lock = await call('take', take, (taken) => taken !== null)
  if (lock) await call('release', () => lock.release(), Boolean)
  await sleep(random(0, 2))
}

await adapter.ping()
write({ ready: true })
await Promise.all(
  Array.from({ length: Number(clients) }, async (_, client) => {
    while (running) await tasks[task]?.(client)
  }),
)
if (task !== 'leave') await adapter.close()
