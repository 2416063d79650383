import { type Adapter, assertTtl, LarderError, type PoolCounts, type Script, UsageError } from '@larder/core'
import type { Cluster, Redis } from 'ioredis'
import { connectOnce, createClients } from './clients.js'
import { type Connection, createConnection } from './connection.js'
import { createDeadlines } from './deadlines.js'
import { groupBySlot } from './hash-tag.js'
import { watchErrors } from './open-client.js'
import { resolveTcpOptions, type TcpOptions } from './options.js'
import { type AcquireOptions, createPool } from './pool.js'
import { deleteIf, expireIf, runScript, type ServerScript, setIf } from './scripts.js'
import { createSubscriber } from './subscriber.js'

/** How many keys one step of a walk through the store looks at. */
const SCAN_COUNT = 1_000

/** The adapter, and what only a pool of connections can do. */
export interface TcpAdapter extends Adapter {
  /** Sends a message to the subscribers of a channel. On a cluster the answer counts those of one node. */
  publish: NonNullable<Adapter['publish']>
  /** Listens, by a connection of its own, which comes back by itself. */
  subscribe: NonNullable<Adapter['subscribe']>
  /**
   * Runs `fn` with a connection that nobody else uses meanwhile: for MULTI and WATCH, and for commands that block.
   * Waiting callers are served in the order in which they came. A WATCH or MULTI that `fn` leaves open ends with the lease.
   *
   * @throws PoolExhaustedError (`ERR_POOL_EXHAUSTED`) when none is free within `pool.acquireTimeout`, or too many wait;
   * the reason of `signal` when it aborts the wait; UsageError with a `client` of your own and on a `cluster`. What `fn`
   * rejects with comes through unchanged.
   *
   * @example
   * await redis.withConnection(async (client) => {
   *   await client.watch('stock')
   *   const stock = Number(await client.get('stock'))
   *   return client.multi().set('stock', stock - 1).exec()
   * })
   */
  withConnection<R>(fn: (client: Redis) => Promise<R>, options?: AcquireOptions): Promise<R>
  /** Sets another maximum of connections, while they are in use. An integer of 1 or more. */
  resize(max: number): void
  /** Connections and callers that wait, now. */
  counts(): PoolCounts
  /**
   * The client of ioredis underneath, connected: your own where one was given, else the connection that ordinary commands
   * share. Do not block it.
   * @throws LarderError (`ERR_CLOSED`) after `close()`; what connecting fails with
   *
   * @example
   * const client = await redis.client()
   * await client.lpush('jobs', 'j1')
   */
  client(): Promise<Redis | Cluster>
}

/**
 * Redis over TCP, by ioredis: for processes that live for a while. One server, the master that sentinels know, or a
 * cluster.
 *
 * Nothing is opened before the first call. See `docs/adapters/tcp.md` for sizing and for what happens under faults.
 *
 * @throws UsageError that names the option or the environment variable at fault.
 *
 * @example
 * configure({ adapter: tcp({ url: process.env.REDIS_URL }) })
 */
export function tcp(options: TcpOptions = {}): TcpAdapter {
  const resolved = resolveTcpOptions(options)
  const { client: injected, stallMs } = resolved
  const clients = createClients(resolved)
  const own = injected && createConnection(watchErrors(injected), Number.POSITIVE_INFINITY)
  // A cluster client keeps a connection to each node by itself.
  const max = resolved.cluster ? 1 : resolved.pool.max
  const pool = createPool(async () => own ?? createConnection(await clients.open(), stallMs), { ...resolved.pool, max })
  const subscriber = createSubscriber(async () => (injected ? connectOnce(duplicate(injected)) : clients.subscriber()))
  const inCluster = resolved.cluster !== undefined || injected?.isCluster === true
  let closed = false

  /** Where ordinary commands go: at once if the connection is open. */
  function send<T>(command: (client: Redis) => Promise<T>): Promise<T> {
    if (closed) return Promise.reject(new LarderError('ERR_CLOSED', 'this tcp adapter was closed'))
    if (own) return own.send(command)
    const connection = pool.shared()
    return connection instanceof Promise ? connection.then((opened) => opened.send(command)) : connection.send(command)
  }
  const run = (script: ServerScript, keys: readonly string[], args: readonly (string | number)[]) =>
    send((client) => runScript(client, script, keys, args))

  /** One command for all keys, or on a cluster one for those of each slot. */
  async function perSlot<T>(
    keys: readonly string[],
    command: (client: Redis, keys: string[]) => Promise<T>,
  ): Promise<T[]> {
    const groups = inCluster ? groupBySlot(keys) : [[...keys]]
    return Promise.all(groups.map((group) => send((client) => command(client, group))))
  }

  async function getManyPerSlot(keys: readonly string[]) {
    const groups = groupBySlot(keys)
    const answers = await Promise.all(groups.map((group) => send((client) => client.mget(group))))
    const found = new Map(groups.flatMap((group, g) => group.map((key, i) => [key, answers[g]?.[i] ?? null])))
    return keys.map((key) => found.get(key) ?? null)
  }

  return {
    name: 'tcp',
    capabilities: { subscribe: true, scripts: 'lua', atomicSet: false, ttlGranularityMs: 1, budgetMs: 250 },
    timers: createDeadlines(),

    getMany(keys) {
      if (keys.length === 0) return Promise.resolve([])
      return inCluster ? getManyPerSlot(keys) : send((client) => client.mget(keys as string[]))
    },

    async set(key, value, { ttlMs, when } = {}) {
      assertTtl(ttlMs)
      if (typeof when === 'object') return (await run(setIf, [key], [when.matches, value, ttlMs ?? ''])) === 1
      const args: (string | number)[] = ttlMs === undefined ? [] : ['PX', ttlMs]
      if (when === 'absent') args.push('NX')
      return (await send((client) => client.call('SET', key, value, ...args) as Promise<unknown>)) === 'OK'
    },

    async delete(keys) {
      if (keys.length === 0) return 0
      const counts = await perSlot(keys, (client, group) => client.unlink(...group))
      return counts.reduce((sum, count) => sum + count, 0)
    },

    deleteIf: async (key, matches) => (await run(deleteIf, [key], [matches])) === 1,

    async expireIf(key, matches, ttlMs) {
      assertTtl(ttlMs)
      return (await run(expireIf, [key], [matches, ttlMs])) === 1
    },

    async deleteMatching(pattern) {
      return send(async (client) => {
        const masters = inCluster ? (client as unknown as Cluster).nodes('master') : [client]
        const deleted = await Promise.all(masters.map((node) => deleteOn(node, pattern)))
        return deleted.reduce((sum, count) => sum + count, 0)
      })
    },

    run: <R>(script: Script<R>, keys: readonly string[], args: readonly (string | number)[]) =>
      run(script, keys, args) as Promise<R>,

    // On a cluster always by the same node: by another each time, messages would overtake each other.
    publish: (channel, message) =>
      send((client) => {
        const [node = client] = inCluster ? (client as unknown as Cluster).nodes('master') : []
        return node.publish(channel, message)
      }),

    async subscribe(channels, listener) {
      if (closed) throw new LarderError('ERR_CLOSED', 'this tcp adapter was closed')
      return subscriber.subscribe(channels, listener)
    },

    async ping() {
      return send(async (client) => {
        const startedMs = performance.now()
        await client.ping()
        return performance.now() - startedMs
      })
    },

    async client() {
      if (closed) throw new LarderError('ERR_CLOSED', 'this tcp adapter was closed')
      return own ? own.client : (await pool.shared()).client
    },

    async withConnection(fn, acquire) {
      if (own || inCluster) {
        throw new UsageError(
          'ERR_INVALID_OPTION',
          'a connection can be leased from a pool only: not with `client` of your own, nor on a `cluster`, where client() gives the whole of it',
          own ? 'client' : 'cluster',
        )
      }
      return pool.lease((connection: Connection) => fn(connection.client as Redis), acquire)
    },

    resize(next) {
      if (!(Number.isSafeInteger(next) && next > 0)) {
        throw new UsageError('ERR_INVALID_OPTION', '`max` must be an integer of 1 or more', 'max')
      }
      if (!inCluster) pool.resize(next)
    },

    counts: pool.counts,

    async close() {
      closed = true
      subscriber.close()
      if (!own) await pool.close()
    },
  }
}

/** A client like one of the application's own, for subscriptions: those take a connection to themselves. */
function duplicate(client: Redis | Cluster): Redis | Cluster {
  const lazyConnect = true
  const copy = client.isCluster
    ? (client as Cluster).duplicate([], { lazyConnect })
    : (client as Redis).duplicate({ lazyConnect, autoResubscribe: false })
  return watchErrors(copy).client
}

async function deleteOn(node: Redis, pattern: string): Promise<number> {
  let deleted = 0
  let cursor = '0'
  do {
    const [next, keys] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT)
    cursor = next
    // One by one, in one round trip: on a cluster they lie in different slots.
    const counts = await Promise.all(keys.map((key) => node.unlink(key)))
    deleted += counts.reduce((sum, count) => sum + count, 0)
  } while (cursor !== '0')
  return deleted
}
