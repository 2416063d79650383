import { describe, expect, onTestFinished, test } from 'vitest'
import { type Adapter, createLarder, type Lock } from '../../src/index.js'

/** Opens an adapter onto the same store each time: another process, as it were. */
export type Open = () => Adapter | Promise<Adapter>

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
let names = 0

/** What the kinds of locks promise, over any adapter, in real time. */
export function lockKinds(open: Open): void {
  /** As many processes as asked for, and a name that no other test has. */
  async function setUp(count: number) {
    const larders = await Promise.all(
      Array.from({ length: count }, async () => createLarder({ adapter: await open(), store: { budget: '5s' } })),
    )
    onTestFinished(async () => {
      for (const { close } of larders) await close()
    })
    const [first, ...others] = larders as [(typeof larders)[0], ...typeof larders]
    return { ...first, others, key: `{kinds ${names++}}:door` }
  }
  const busy = { code: 'ERR_LOCK_BUSY' }

  describe('a fair lock', () => {
    test('serves those who wait in the order in which they came', async () => {
      const { locks, others, key } = await setUp(5)
      const holder = await locks.acquire(key, { fair: true })
      const served: number[] = []
      const waiting: Promise<void>[] = []
      for (const [i, other] of others.entries()) {
        waiting.push(
          other.locks.acquire(key, { fair: true, wait: '20s' }).then(async (lock) => {
            served.push(i)
            await lock.release()
          }),
        )
        await sleep(30)
      }
      await holder.release()
      await Promise.all(waiting)
      expect(served).toEqual([0, 1, 2, 3])
    })

    test('refuses one that does not wait, while others do', async () => {
      const { locks, others, key } = await setUp(2)
      const holder = await locks.acquire(key, { fair: true })
      const waiting = others[0]?.locks.acquire(key, { fair: true, wait: '20s' }) as Promise<Lock>
      await sleep(50)
      const released = holder.release()
      expect(await locks.tryAcquire(key, { fair: true })).toBeNull()
      await released
      await (await waiting).release()
      const lock = await locks.tryAcquire(key, { fair: true })
      expect(lock?.fence).toBe(holder.fence + 2)
      await lock?.release()
      expect(await locks.isHeld(key)).toBe(false)
    })

    test('a waiter that gave up has left the queue', async () => {
      const { locks, others, key } = await setUp(3)
      const holder = await locks.acquire(key, { fair: true })
      const gaveUp = others[0]?.locks.acquire(key, { fair: true, wait: '60ms' })
      await expect(gaveUp).rejects.toMatchObject(busy)
      const waiting = others[1]?.locks.acquire(key, { fair: true, wait: '20s' }) as Promise<Lock>
      await sleep(50)
      const startedMs = performance.now()
      await holder.release()
      await (await waiting).release()
      expect(performance.now() - startedMs).toBeLessThan(500)
    })

    test('a waiter that crashed holds the queue up for no longer than a second', async () => {
      const { locks, others, key } = await setUp(3)
      const holder = await locks.acquire(key, { fair: true })
      const [crashing, next] = others as [(typeof others)[0], (typeof others)[0]]
      // Its connection is gone, so that it neither asks again nor leaves the queue.
      const crashed = crashing.locks.acquire(key, { fair: true, wait: '20s' }).catch(() => 'crashed')
      await sleep(50)
      await crashing.close()
      const waiting = next.locks.acquire(key, { fair: true, wait: '20s' })
      await sleep(50)
      const startedMs = performance.now()
      await holder.release()
      await (await waiting).release()
      expect(performance.now() - startedMs).toBeLessThan(2_000)
      expect(await Promise.race([crashed, sleep(1).then(() => 'still waiting')])).toBeDefined()
    })

    test('is free again when its holder crashed, and its first waiter has it', async () => {
      const { locks, others, key } = await setUp(2)
      await locks.acquire(key, { fair: true, ttl: '300ms', extend: false })
      const lock = await (others[0]?.locks.acquire(key, { fair: true }) as Promise<Lock>)
      expect(lock.fence).toBeGreaterThan(0)
      await lock.release()
    })

    test('excludes a plain lock of that name, and is excluded by it', async () => {
      const { locks, others, key } = await setUp(2)
      const fair = await locks.acquire(key, { fair: true })
      expect(await others[0]?.locks.tryAcquire(key)).toBeNull()
      await fair.release()
      const plain = await locks.acquire(key)
      expect(plain.fence).toBeGreaterThan(fair.fence)
      expect(await others[0]?.locks.tryAcquire(key, { fair: true })).toBeNull()
      const waiting = others[0]?.locks.acquire(key, { fair: true, wait: '5s' }) as Promise<Lock>
      await sleep(30)
      await plain.release()
      await (await waiting).release()
    })

    test('is extended while it is held, and lost to whoever takes it away', async () => {
      const { locks, key } = await setUp(1)
      const lock = await locks.acquire(key, { fair: true, ttl: '500ms' })
      await sleep(1_200)
      expect(lock.signal.aborted).toBe(false)
      await locks.forceRelease(key)
      await expect(lock.extend()).rejects.toMatchObject({ code: 'ERR_LOCK_LOST' })
      expect(await lock.release()).toBe(false)
    })
  })

  describe('readers and writers', () => {
    test('readers hold it together, a writer alone', async () => {
      const { locks, others, key } = await setUp(2)
      const [other] = others as [(typeof others)[0]]
      const one = await locks.acquire(key, { mode: 'read' })
      const two = (await other.locks.tryAcquire(key, { mode: 'read' })) as Lock
      expect(two.fence).toBeGreaterThan(one.fence)
      expect(await locks.tryAcquire(key, { mode: 'write' })).toBeNull()
      await one.release()
      expect(await locks.tryAcquire(key, { mode: 'write' })).toBeNull()
      await two.release()
      const writer = (await locks.tryAcquire(key, { mode: 'write' })) as Lock
      expect(await other.locks.tryAcquire(key, { mode: 'read' })).toBeNull()
      expect(await other.locks.tryAcquire(key, { mode: 'write' })).toBeNull()
      await writer.release()
      expect(await locks.isHeld(key)).toBe(false)
    })

    test('a writer that waits is not starved by readers that keep coming', async () => {
      const { locks, others, key } = await setUp(3)
      const [writing, reading] = others as [(typeof others)[0], (typeof others)[0]]
      const reader = await locks.acquire(key, { mode: 'read' })
      const order: string[] = []
      const writer = writing.locks.acquire(key, { mode: 'write', wait: '20s' }).then(async (lock) => {
        order.push('writer')
        await lock.release()
      })
      await sleep(50)
      const later = reading.locks.acquire(key, { mode: 'read', wait: '20s' }).then(async (lock) => {
        order.push('reader')
        await lock.release()
      })
      await sleep(50)
      expect(order).toEqual([])
      await reader.release()
      await Promise.all([writer, later])
      expect(order).toEqual(['writer', 'reader'])
    })

    test('all readers behind a writer come in together', async () => {
      const { locks, others, key } = await setUp(4)
      const writer = await locks.acquire(key, { mode: 'write' })
      const waiting = others.map((other) => other.locks.acquire(key, { mode: 'read', wait: '20s' }))
      await sleep(50)
      await writer.release()
      const readers = await Promise.all(waiting)
      expect(new Set(readers.map(({ fence }) => fence)).size).toBe(3)
      for (const reader of readers) expect(await reader.release()).toBe(true)
    })
  })

  describe('a semaphore', () => {
    test('has as many holders as permits, and never more', async () => {
      const { locks, others, key } = await setUp(3)
      let inside = 0
      let most = 0
      const larders = [{ locks }, ...others]
      await Promise.all(
        Array.from({ length: 12 }, async (_, i) => {
          const lock = await (larders[i % 3] as { locks: typeof locks }).locks.acquire(key, { permits: 3, wait: '20s' })
          most = Math.max(most, ++inside)
          await sleep(10)
          inside--
          await lock.release()
        }),
      )
      expect(most).toBe(3)
      expect(await locks.isHeld(key)).toBe(false)
    })

    test('gets back the permit of a holder that crashed', async () => {
      const { locks, others, key } = await setUp(2)
      await locks.acquire(key, { permits: 2 })
      await locks.acquire(key, { permits: 2, ttl: '200ms', extend: false })
      expect(await others[0]?.locks.tryAcquire(key, { permits: 2 })).toBeNull()
      expect(await others[0]?.locks.acquire(key, { permits: 2 })).toBeTruthy()
    })
  })

  describe('several locks together', () => {
    test('are taken and released as one, in whatever order they are named', async () => {
      const { locks, others, key } = await setUp(2)
      const [a, b, c] = [`${key} a`, `${key} b`, `${key} c`]
      const both = await locks.acquire([b, a, b])
      expect(both.key).toBe(`${a},${b}`)
      for (const name of [a, b]) expect(await others[0]?.locks.tryAcquire(name)).toBeNull()
      expect(await others[0]?.locks.tryAcquire([b, c])).toBeNull()
      expect(await locks.isHeld(c)).toBe(false)
      expect(await both.release()).toBe(true)
      for (const name of [a, b]) expect(await locks.isHeld(name)).toBe(false)
    })

    test('take none when one is held, and wait for it', async () => {
      const { locks, others, key } = await setUp(2)
      const [a, b] = [`${key} a`, `${key} b`]
      const one = await locks.acquire(b)
      const waiting = others[0]?.locks.acquire([a, b], { wait: '20s' }) as Promise<Lock>
      await sleep(50)
      expect(await locks.isHeld(a)).toBe(false)
      await one.release()
      const both = await waiting
      expect(await both.release()).toBe(true)
    })

    test('have a fence that is above every one of each', async () => {
      const { locks, key } = await setUp(1)
      const [a, b] = [`${key} a`, `${key} b`]
      const ones: Lock[] = []
      for (const name of [a, b, b, b]) {
        const one = await locks.acquire(name)
        ones.push(one)
        await one.release()
      }
      const both = await locks.acquire([a, b])
      expect(both.fence).toBeGreaterThan(Math.max(...ones.map(({ fence }) => fence)))
      await both.release()
      for (const name of [a, b]) expect((await locks.acquire(name)).fence).toBe(both.fence + 1)
    })

    test('are extended all or none: one that was taken away loses them all', async () => {
      const { locks, key } = await setUp(1)
      const [a, b] = [`${key} a`, `${key} b`]
      const both = await locks.acquire([a, b], { extend: false })
      await both.extend('1m')
      await locks.forceRelease(b)
      await expect(both.extend('1m')).rejects.toMatchObject({ code: 'ERR_LOCK_LOST' })
      expect(both.signal.aborted).toBe(true)
    })

    test('that were partly taken away leave the thief alone, and free the rest', async () => {
      const { locks, others, key } = await setUp(2)
      const [a, b] = [`${key} a`, `${key} b`]
      const both = await locks.acquire([a, b])
      await locks.forceRelease(b)
      const thief = await (others[0]?.locks.acquire(b) as Promise<Lock>)
      expect(await both.release()).toBe(false)
      expect(await locks.isHeld(a)).toBe(false)
      expect(await locks.isHeld(b)).toBe(true)
      expect(await thief.release()).toBe(true)
    })
  })

  describe('a reentrant lock', () => {
    test('is had again by what the body calls, and is let go at its end', async () => {
      const { locks, withLock, key } = await setUp(1)
      const reentrant = { reentrant: true }
      const fences = await withLock(
        key,
        async (outer) => {
          await sleep(1)
          const inner = await withLock(key, async ({ fence }) => fence, reentrant)
          expect(await locks.isHeld(key)).toBe(true)
          await using again = await locks.acquire(key, reentrant)
          return [outer.fence, inner, again.fence]
        },
        reentrant,
      )
      expect(new Set(fences).size).toBe(1)
      expect(await locks.isHeld(key)).toBe(false)
    })

    test('keeps others out, and those inside who did not ask for it', async () => {
      const { locks, withLock, key } = await setUp(1)
      await withLock(
        key,
        async () => {
          await expect(locks.acquire(key, { wait: 0 })).rejects.toMatchObject(busy)
        },
        { reentrant: true },
      )
      const outside = withLock(key, () => sleep(50), { reentrant: true })
      await sleep(10)
      expect(await locks.tryAcquire(key, { reentrant: true })).toBeNull()
      await outside
    })

    test('is not had by what the body left behind', async () => {
      const { locks, withLock, key } = await setUp(1)
      let left: Promise<Lock> | undefined
      const fence = await withLock(
        key,
        async (lock) => {
          left = sleep(30).then(() => locks.acquire(key, { reentrant: true }))
          return lock.fence
        },
        { reentrant: true },
      )
      const lock = await (left as Promise<Lock>)
      expect(lock.fence).toBe(fence + 1)
      await lock.release()
    })

    test('lets a writer read, and tells a reader that it cannot write', async () => {
      const { withLock, key } = await setUp(1)
      const [read, write] = [
        { mode: 'read', reentrant: true },
        { mode: 'write', reentrant: true },
      ] as const
      expect(await withLock(key, () => withLock(key, async () => 'read', read), write)).toBe('read')
      const upgrade = withLock(key, () => withLock(key, async () => 'written', write), read)
      await expect(upgrade).rejects.toMatchObject({ name: 'UsageError', option: 'mode' })
    })
  })
}
