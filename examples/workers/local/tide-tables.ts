import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Of one day. */
interface Table {
  readonly high: readonly string[]
  readonly low: readonly string[]
}

const DATA = new URL('../data/tides.json', import.meta.url)
const DAY_MS = 86_400_000
/** By how much the tide is later each day. */
const LAG_MINUTES = 50

/** The service that the Worker asks for tides: slow, and at times out of order. */
export interface TideTables {
  readonly url: string
  /** How long it takes to answer. */
  readonly delayMs: number
  /** How often it was asked. */
  asked: number
  /** Whether it answers nothing but 500. */
  isBroken: boolean
  close(): Promise<void>
}

/** Serves `/`, the harbours, and `/<harbour>/<day>`, for any day, from one day's data. */
export async function startTideTables(delayMs = 100): Promise<TideTables> {
  const known = JSON.parse(readFileSync(DATA, 'utf8')) as Record<string, Table>
  const find = (path: string) => {
    if (path === '/') return Object.keys(known)
    const [, harbour = '', day = ''] = path.split('/')
    const table = known[harbour]
    return table && shift(table, (Date.parse(day) / DAY_MS) * LAG_MINUTES)
  }
  const server = createServer(async (request, response) => {
    tables.asked++
    await sleep(delayMs)
    const found = find(request.url ?? '/')
    response.writeHead(tables.isBroken ? 500 : found ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(tables.isBroken ? null : found))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const tables: TideTables = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    delayMs,
    asked: 0,
    isBroken: false,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
  return tables
}

function shift({ high, low }: Table, minutes: number): Table {
  const later = (times: readonly string[]) => times.map((time) => addMinutes(time, minutes)).sort()
  return { high: later(high), low: later(low) }
}

function addMinutes(time: string, minutes: number): string {
  const [hour = 0, minute = 0] = time.split(':').map(Number)
  const total = (hour * 60 + minute + minutes) % (24 * 60)
  const two = (count: number) => `${count}`.padStart(2, '0')
  return `${two(Math.floor(total / 60))}:${two(total % 60)}`
}
