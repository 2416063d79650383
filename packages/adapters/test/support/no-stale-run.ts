import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Order } from './evicting-process.js'
import { type Spawned, spawnLarder } from './spawn-larder.js'

const PROCESSES = 4
const KEYS = ['a', 'b']
// By key above all: there the fill itself has to see that it comes too late.
const EVICTIONS = ['evict', 'evict', 'evict', 'evict', 'evict', 'evictTag', 'evictAll', 'clear'] as const

export interface NoStaleRun {
  /** The bundle of `evicting-process.ts`. */
  readonly file: string
  readonly env: Record<string, string>
  readonly steps: number
  /** The store loses everything and comes back. */
  restartStore(): Promise<unknown>
}

type Answer = { readonly id: number; readonly value?: number; readonly done?: boolean; readonly error?: string }

/** A process, and what the model knows of it. It can be replaced by a new one at any time. */
interface Seat {
  process: Spawned
  /** Reads of each key that others could join, or whose load they could. */
  readonly open: Map<string, number>
  /** The newest truth of each key that an eviction by this process was about. */
  readonly evicted: Map<string, number>
}

/**
 * Real processes with one store read, evict, refresh, crash and lose their store, all at random moments. The truth is a
 * number that grows with each eviction, and what a load brings is the truth of that moment.
 *
 * Never may a read bring a value older than an eviction that was complete before the read began. One thing is allowed: a
 * read may join a load under way in its own process, which knows nothing of evictions elsewhere.
 */
export async function runNoStale({ file, env, steps, restartStore }: NoStaleRun): Promise<void> {
  let truth = 0
  let orders = 0
  const evicted = new Map<string, number>(KEYS.map((key) => [key, 0]))
  const counts = { reads: 0, alone: 0, evictions: 0, crashes: 0 }
  const waiting = new Map<number, { process: Spawned; resolve: (answer: Answer | undefined) => void }>()
  const any = <Item>(list: readonly Item[]) => list[Math.floor(Math.random() * list.length)] as Item

  async function open(): Promise<Seat> {
    const process = spawnLarder(file, env)
    await process.next(({ ready }) => ready === true)
    void answerForEver(process)
    process.child.once('exit', () => {
      for (const order of waiting.values()) if (order.process === process) order.resolve(undefined)
    })
    return { process, open: new Map(), evicted: new Map() }
  }

  async function answerForEver(process: Spawned) {
    for (;;) {
      const line = await process.next<Answer & { asks?: number }>(() => true)
      if (line.asks === undefined) waiting.get(line.id)?.resolve(line)
      else process.send({ act: 'truth', id: line.asks, value: truth, loadMs: Math.random() * 60 } satisfies Order)
    }
  }

  /** @returns nothing when the process dies first */
  async function ask({ process }: Seat, order: Order): Promise<Answer | undefined> {
    if (process.child.exitCode !== null || process.child.signalCode) return undefined
    const answer = new Promise<Answer | undefined>((resolve) => waiting.set(order.id, { process, resolve }))
    process.send(order)
    return answer.finally(() => waiting.delete(order.id))
  }

  async function read(seat: Seat, act: 'read' | 'refresh', key: string) {
    const joins = (seat.open.get(key) ?? 0) > 0
    const atLeast = (joins ? seat.evicted : evicted).get(key) ?? 0
    seat.open.set(key, (seat.open.get(key) ?? 0) + 1)
    const answer = await ask(seat, { act, id: orders++, key })
    seat.open.set(key, (seat.open.get(key) as number) - 1)
    if (!answer) return
    expect(answer.error).toBeUndefined()
    expect(answer.value, `${key} was evicted`).toBeGreaterThanOrEqual(atLeast)
    counts.reads++
    if (!joins) counts.alone++
  }

  async function evict(seat: Seat) {
    const act = any(EVICTIONS)
    const key = any(KEYS)
    truth++
    const about = truth
    const answer = await ask(seat, act === 'evict' ? { act, id: orders++, key } : { act, id: orders++ })
    // One that failed, or whose process died, has promised nothing.
    if (!answer?.done) return
    for (const gone of act === 'evict' ? [key] : KEYS) {
      evicted.set(gone, Math.max(evicted.get(gone) as number, about))
      seat.evicted.set(gone, Math.max(seat.evicted.get(gone) ?? 0, about))
    }
    counts.evictions++
  }

  const seats = await Promise.all(Array.from({ length: PROCESSES }, open))
  const running: Promise<void>[] = []
  for (let step = 0; step < steps; step++) {
    const at = Math.floor(Math.random() * PROCESSES)
    const seat = seats[at] as Seat
    const dice = Math.random()
    if (dice < 0.7) running.push(read(seat, dice < 0.67 ? 'read' : 'refresh', any(KEYS)))
    else running.push(evict(seat))
    if (step % 100 === 99) {
      seat.process.child.kill('SIGKILL')
      counts.crashes++
      seats[at] = await open()
    }
    if (step === Math.floor(steps / 2)) await restartStore()
    await sleep(Math.random() * 6)
  }
  await Promise.all(running)
  // And what the store was left with is not older either.
  await Promise.all(seats.flatMap((seat) => KEYS.map((key) => read(seat, 'read', key))))
  expect(counts.reads).toBeGreaterThan(steps / 3)
  expect(counts.alone).toBeGreaterThan(steps / 12)
  expect(counts.evictions).toBeGreaterThan(steps / 12)
  expect(counts.crashes).toBeGreaterThan(0)
}

/** What the functions of a run are told. */
export const noStaleCases: ReadonlyArray<readonly [string, object]> = [
  ['each process loads for itself', {}],
  ['one process loads for all', { dedupe: 'everywhere' }],
  ['stale results are served', { ttl: '100ms', staleWhileRevalidate: '1m', staleIfError: '1m', earlyRefresh: true }],
  ['one process refreshes for all', { ttl: '100ms', staleWhileRevalidate: '1m', dedupe: 'everywhere' }],
]
