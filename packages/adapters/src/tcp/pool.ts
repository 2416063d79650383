import { LarderError, type PoolCounts, PoolExhaustedError } from '@larder/core'
import type { Connection } from './connection.js'
import type { ResolvedPoolOptions } from './options.js'
import { followTransaction } from './transaction.js'

/** What a wait for a connection can be told. */
export interface AcquireOptions {
  /** Ends the wait; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/**
 * Connections up to a maximum. Ordinary commands share one, side by side; a lease has one to itself. Waiters are served
 * in the order in which they came. Upkeep happens when the pool is used, never by a timer: what was closed, stalled or
 * frozen meanwhile is found and replaced before the next command goes out.
 */
export interface Pool {
  /** A connection to share, at once where one is open. */
  shared(): Connection | Promise<Connection>
  /** Runs `fn` with a connection that nobody else uses meanwhile. */
  lease<R>(fn: (connection: Connection) => Promise<R>, options?: AcquireOptions): Promise<R>
  /** Sets another maximum. Connections above it are closed: free ones at once, leased ones when they come back. */
  resize(max: number): void
  counts(): PoolCounts
  /** Refuses new callers, waits for leases to come back, then closes everything. Idempotent. */
  close(): Promise<void>
}

interface Member {
  connection: Connection | undefined
  opening: Promise<Connection> | undefined
  leased: boolean
  usedAtMs: number
}

interface Waiter {
  grant(member: Member): void
  fail(error: unknown): void
}

/** After this long without use, a connection is looked at again before a command goes out: the process may have been frozen. */
const LOOK_AFTER_MS = 500
/** The most time that a check by PING may take. */
const PING_MS = 200

export function createPool(open: () => Promise<Connection>, options: ResolvedPoolOptions): Pool {
  const members = new Set<Member>()
  const waiters: Waiter[] = []
  let { max } = options
  let closing: Promise<void> | undefined
  let drained = () => {}

  const all = () => [...members]
  const counts = (): PoolCounts => {
    const used = all().filter(({ leased }) => leased).length
    return { size: members.size, free: members.size - used, used, pending: waiters.length }
  }
  const assertOpen = () => {
    if (closing) throw new LarderError('ERR_CLOSED', 'this adapter was closed')
  }
  const discard = async (member: Member) => {
    members.delete(member)
    await member.connection?.retire()
  }

  /** The member's connection, opened or replaced if need be: one attempt for all who ask, forgotten when it fails. */
  function connect(member: Member): Promise<Connection> {
    member.opening ??= open()
      .then((connection) => {
        if (closing && !member.leased) {
          connection.close()
          assertOpen()
        }
        member.connection = connection
        member.usedAtMs = performance.now()
        return connection
      })
      .finally(() => {
        member.opening = undefined
      })
    return member.opening
  }

  /** The member's connection once it is known to be alive. */
  async function ready(member: Member): Promise<Connection> {
    const { connection } = member
    const idleMs = performance.now() - member.usedAtMs
    if (connection?.isUsable()) {
      if (idleMs < LOOK_AFTER_MS) return connection
      // What the server closed during a freeze is in the socket already: one turn of the event loop brings it in.
      await new Promise(setImmediate)
      if (connection.isUsable() && (idleMs < options.checkAfterMs || (await answers(connection)))) {
        member.usedAtMs = performance.now()
        return connection
      }
    }
    if (member.connection === connection) {
      connection?.close()
      member.connection = undefined
    }
    return connect(member)
  }

  /** A free member, a new one if there is room, or none. The longest-standing first, so that the others can fall idle. */
  function free(): Member | undefined {
    for (const member of members) if (!member.leased) return member
    return members.size < max ? add() : undefined
  }
  function add(): Member {
    const member: Member = { connection: undefined, opening: undefined, leased: false, usedAtMs: performance.now() }
    members.add(member)
    return member
  }

  function wait(signal: AbortSignal | undefined): Promise<Member> {
    if (waiters.length >= options.maxWaiting)
      throw new PoolExhaustedError('the queue for connections is full', counts())
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        const place = waiters.indexOf(waiter)
        if (place >= 0) waiters.splice(place, 1)
      }
      const waiter: Waiter = {
        grant(member) {
          leave()
          resolve(member)
        },
        fail(error) {
          leave()
          reject(error)
        },
      }
      const timer = setTimeout(
        () => waiter.fail(new PoolExhaustedError(`no connection within ${options.acquireTimeoutMs} ms`, counts())),
        options.acquireTimeoutMs,
      )
      const onAbort = () => waiter.fail(signal?.reason)
      signal?.addEventListener('abort', onAbort, { once: true })
      waiters.push(waiter)
    })
  }

  function release(member: Member, broken: boolean): void {
    member.leased = false
    member.usedAtMs = performance.now()
    if (broken && member.connection) {
      member.connection.close()
      member.connection = undefined
    }
    if (members.size > max || (closing && waiters.length === 0)) {
      discard(member)
      if (closing && counts().used === 0) drained()
    }
    serve()
    dropIdle()
  }

  /** Gives what is free to those who wait, first come first served. */
  function serve(): void {
    while (waiters.length > 0) {
      const member = free()
      if (!member) return
      member.leased = true
      waiters[0]?.grant(member)
    }
  }

  function dropIdle(): void {
    const [first, ...others] = all()
    for (const member of others) {
      const idle = performance.now() - member.usedAtMs > options.idleTimeoutMs
      if (member !== first && !member.leased && !member.opening && idle) discard(member)
    }
  }

  return {
    counts,
    shared() {
      assertOpen()
      // The common case costs a look at the first member.
      for (const member of members) {
        if (member.leased) continue
        const { connection } = member
        const nowMs = performance.now()
        if (connection && nowMs - member.usedAtMs < LOOK_AFTER_MS && connection.isUsable()) {
          member.usedAtMs = nowMs
          return connection
        }
        return ready(member)
      }
      if (members.size < max) return ready(add())
      // All are leased: wait for one, and let it go again once the command is written. A lease that came in before it might
      // be for a command that blocks.
      return wait(undefined).then(async (member) => {
        try {
          return await ready(member)
        } finally {
          setImmediate(release, member, false)
        }
      })
    },
    async lease(fn, { signal } = {}) {
      assertOpen()
      signal?.throwIfAborted()
      const member = (waiters.length === 0 && free()) || (await wait(signal))
      member.leased = true
      let broken = true
      try {
        const connection = await ready(member)
        const letGo = connection.hold()
        const endTransaction = followTransaction(connection)
        try {
          const result = await fn(connection)
          broken = !isUnchanged(connection)
          return result
        } finally {
          endTransaction()
          letGo()
        }
      } catch (error) {
        broken = options.closeOnError || !member.connection?.isUsable()
        throw error
      } finally {
        release(member, broken)
      }
    },
    resize(next) {
      max = next
      // The youngest first: the oldest is the one that ordinary commands share.
      for (const member of all().reverse()) if (members.size > max && !member.leased) discard(member)
      serve()
    },
    close() {
      closing ??= new Promise<void>((resolve) => {
        drained = resolve
        queueMicrotask(() => {
          for (const waiter of [...waiters]) waiter.fail(new LarderError('ERR_CLOSED', 'this adapter was closed'))
          const retired = all().map((member) => member.leased || discard(member))
          Promise.all(retired).then(() => {
            if (counts().used === 0) resolve()
          })
        })
      })
      return closing
    },
  }
}

/**
 * Whether a lease left its connection as the others know it: alive, in the same database, subscribed to nothing. A
 * transaction that it left open is ended.
 */
function isUnchanged(connection: Connection): boolean {
  const { condition, options } = connection.client as unknown as {
    condition?: { select: number; subscriber: unknown }
    options: { db?: number }
  }
  return connection.isUsable() && condition?.select === (options.db ?? 0) && !condition.subscriber
}

async function answers(connection: Connection): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), PING_MS)
  })
  const ping = connection
    .send((client) => client.ping())
    .then(
      () => true,
      () => false,
    )
  try {
    return await Promise.race([ping, tooLong])
  } finally {
    clearTimeout(timer)
  }
}
