import { type RedisServer, startRedis } from './redis-server.js'
import { all, follows, isAwake, PROMPT_REPLICATION, roleOf, startAll, stopAll } from './replication.js'
import { RespError } from './resp.js'
import { viewOf } from './sentinel-view.js'
import { waitUntil } from './wait-until.js'

export interface SentinelOptions {
  /** @default 1 */
  readonly replicas?: number
  /** Of the master and the replicas. The sentinels themselves ask for none. */
  readonly password?: string
}

/** A master, its replicas, and three sentinels of which two must agree. */
export interface SentinelGroup extends AsyncDisposable {
  /** What the sentinels call the master. */
  readonly name: string
  readonly sentinels: readonly RedisServer[]
  /** The master and the replicas, in the order of their start: who is which changes. */
  readonly servers: readonly RedisServer[]
  /** Who is master, as the sentinels tell clients. */
  master(): Promise<RedisServer>
  replicas(): Promise<RedisServer[]>
  /** Has a replica promoted while all is well, and waits as {@link settled} does. @returns the new master. */
  failover(): Promise<RedisServer>
  /**
   * Waits until there is a master other than `former`, as {@link settled} does. For after `former.kill()` or
   * `former.pause()`. Clients are served about a second sooner.
   * @returns the new master.
   */
  promoted(former: RedisServer): Promise<RedisServer>
  /**
   * Waits until the sentinels agree on a master, and it is one, and every other server follows it and is seen to. Those
   * that are dead or paused are left out.
   */
  settled(): Promise<RedisServer>
  stop(): Promise<void>
}

const NAME = 'main'

/**
 * When each sentinel takes a silent master for dead. The last is slower than a vote among the first two: if all three
 * stood for election at once, each would vote for itself, and the next election is seconds away.
 */
const DOWN_AFTER_MS = [500, 500, 1_000]
const COUNT = DOWN_AFTER_MS.length

/** Sentinel's timetable is made for machines far apart. An older server than 7 keeps it, and takes its time. */
const MEETING = ['PUBLISH-PERIOD', 50]
/**
 * Some of these must not be quicker. Once the master is down, a replica is looked at (INFO) only once a second. A look
 * older than five ping periods, or three INFO periods, makes it no candidate. And a sentinel that sees a replica say that
 * it is master turns it back after four publish periods, unless whoever promoted it has noticed and told by then.
 */
const WORKING = ['PUBLISH-PERIOD', 500, 'PING-PERIOD', 300, 'INFO-PERIOD', 400, 'ASK-PERIOD', 100, 'TILT-PERIOD', 1_000]

/**
 * Starts the group and waits until everyone knows everyone.
 * @example
 * await using group = await startSentinels()
 * const former = await group.master()
 * await former.kill()
 * const master = await group.promoted(former)
 */
export async function startSentinels({ replicas = 1, password }: SentinelOptions = {}): Promise<SentinelGroup> {
  const secret = password === undefined ? {} : { password }
  const first = await startRedis({ ...secret, args: PROMPT_REPLICATION })
  const servers = [first]
  const sentinels: RedisServer[] = []
  const stop = () => stopAll([...sentinels, ...servers])
  try {
    const replica = () =>
      startRedis({ ...secret, args: [...PROMPT_REPLICATION, '--replicaof', first.host, `${first.port}`] })
    servers.push(...(await startAll(Array.from({ length: replicas }, replica))))
    await waitUntil('the replicas follow', () => all(servers.slice(1), (server) => follows(server, first)))
    const sentinel = (downAfterMs: number) =>
      startRedis({ config: configFor(first, downAfterMs, password), args: ['--sentinel'] })
    sentinels.push(...(await startAll(DOWN_AFTER_MS.map(sentinel))))
    await setTimetable(sentinels, MEETING)
    await waitUntil('the sentinels know each other', () => all(sentinels, (server) => knowsAll(server, replicas)))
    await setTimetable(sentinels, WORKING)
  } catch (error) {
    await stop()
    throw error
  }

  const master = async () => {
    const asked = sentinels.find(isAwake)
    const [, port] = asked ? (await asked.cli('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)).split('\n') : []
    const found = servers.find((server) => server.port === Number(port))
    if (!found) throw new Error('no sentinel knows a master')
    return found
  }
  const isSettled = async (former?: RedisServer) => {
    const current = await master()
    if (current === former || !(await roleOf(current)).isMaster) return false
    const others = servers.filter((server) => server !== current && isAwake(server))
    if (!(await all(others, (server) => follows(server, current)))) return false
    // A sentinel that is behind would undo what the next failover does.
    const isSeenBy = async (sentinel: RedisServer) => {
      const view = await viewOf(sentinel, NAME)
      const seesOthers = others.every(({ port }) => view.replicaPorts.includes(port))
      return view.calm && view.masterPort === current.port && seesOthers
    }
    return (await all(sentinels.filter(isAwake), isSeenBy)) && current
  }
  const settled = () => waitUntil('the group is settled', () => isSettled(), { timeoutMs: 20_000 })
  const promoted = (former: RedisServer) =>
    waitUntil('a replica is promoted', () => isSettled(former), { timeoutMs: 20_000 })

  return {
    name: NAME,
    sentinels,
    servers,
    master,
    async replicas() {
      const current = await master()
      return servers.filter((server) => server !== current)
    },
    async failover() {
      const former = await settled()
      // Refused for a moment after an earlier one.
      await waitUntil('a failover starts', async () => {
        const reply = await sentinels.find(isAwake)?.cli('SENTINEL', 'FAILOVER', NAME)
        return reply === 'OK'
      })
      return promoted(former)
    },
    promoted,
    settled,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function configFor(master: RedisServer, downAfterMs: number, password: string | undefined): string {
  return [
    `sentinel monitor ${NAME} ${master.host} ${master.port} 2`,
    `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
    `sentinel failover-timeout ${NAME} 2000`,
    `sentinel parallel-syncs ${NAME} 2`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${NAME} ${password}`]),
    '',
  ].join('\n')
}

async function setTimetable(sentinels: readonly RedisServer[], periods: readonly (string | number)[]): Promise<void> {
  const set = async (sentinel: RedisServer) => {
    try {
      await sentinel.cli('SENTINEL', 'DEBUG', ...periods)
    } catch (error) {
      if (!(error instanceof RespError)) throw error
    }
  }
  await Promise.all(sentinels.map(set))
}

async function knowsAll(sentinel: RedisServer, replicas: number): Promise<boolean> {
  const view = await viewOf(sentinel, NAME)
  return view.calm && view.replicaPorts.length === replicas && view.others === COUNT - 1
}
