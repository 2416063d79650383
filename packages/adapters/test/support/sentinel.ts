import { type RedisServer, startRedis } from './redis-server.js'
import { all, follows, roleOf, startAll, stopAll } from './replication.js'
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
   * Waits until the sentinels agree on a master other than `former`, and it is one, and every replica that runs follows
   * it. For after `(await group.master()).kill()`.
   * @returns the new master.
   */
  promoted(former: RedisServer): Promise<RedisServer>
  /** Waits until the sentinels agree on a master, and it is one, and every replica that runs follows it. */
  settled(): Promise<RedisServer>
  stop(): Promise<void>
}

const NAME = 'main'
const COUNT = 3

/** Sentinel's timetable is made for machines far apart. An older server than 7 keeps it, and takes its time. */
const MEETING = ['PUBLISH-PERIOD', 50]
/**
 * For a failover, words must be spread no faster than this: a sentinel takes a replica that says it is master for a
 * mistake after four of these periods, and the one who promoted it may look at it only after a second.
 */
const WORKING = ['PUBLISH-PERIOD', 400, 'PING-PERIOD', 100, 'INFO-PERIOD', 200, 'ASK-PERIOD', 100, 'TILT-PERIOD', 1_000]

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
  const prompt = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1']
  const first = await startRedis({ ...secret, args: prompt })
  const servers = [first]
  const sentinels: RedisServer[] = []
  const stop = () => stopAll([...sentinels, ...servers])
  try {
    const replica = () => startRedis({ ...secret, args: [...prompt, '--replicaof', first.host, `${first.port}`] })
    servers.push(...(await startAll(Array.from({ length: replicas }, replica))))
    await waitUntil('the replicas follow', () => all(servers.slice(1), (server) => follows(server, first)))
    const sentinel = () => startRedis({ config: configFor(first, password), args: ['--sentinel'] })
    sentinels.push(...(await startAll(Array.from({ length: COUNT }, sentinel))))
    await setTimetable(sentinels, MEETING)
    await waitUntil('the sentinels know each other', () => all(sentinels, (server) => knowsAll(server, replicas)))
    await setTimetable(sentinels, WORKING)
  } catch (error) {
    await stop()
    throw error
  }

  const serverAt = (port: number) => servers.find((server) => server.port === port)
  const master = async () => {
    const asked = sentinels.find((server) => server.running)
    const found = asked && serverAt(await masterPortBy(asked))
    if (!found) throw new Error('no sentinel knows a master')
    return found
  }
  const running = (members: readonly RedisServer[]) => members.filter((server) => server.running)
  const isSettled = async (former?: RedisServer) => {
    const current = await master()
    if (current === former || !(await roleOf(current)).isMaster) return false
    const agreed = await all(running(sentinels), async (server) => (await masterPortBy(server)) === current.port)
    const others = running(servers).filter((server) => server !== current)
    return agreed && (await all(others, (server) => follows(server, current))) && current
  }
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
      const former = await master()
      // Refused for a moment after an earlier one.
      await waitUntil('a failover starts', async () => {
        const [asked] = running(sentinels)
        return (await asked?.cli('SENTINEL', 'FAILOVER', NAME)) === 'OK'
      })
      return promoted(former)
    },
    promoted,
    settled: () => waitUntil('the group is settled', () => isSettled(), { timeoutMs: 20_000 }),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function configFor(master: RedisServer, password: string | undefined): string {
  return [
    `sentinel monitor ${NAME} ${master.host} ${master.port} 2`,
    `sentinel down-after-milliseconds ${NAME} 500`,
    `sentinel failover-timeout ${NAME} 2000`,
    `sentinel parallel-syncs ${NAME} 2`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${NAME} ${password}`]),
    '',
  ].join('\n')
}

async function setTimetable(sentinels: readonly RedisServer[], periods: readonly (string | number)[]): Promise<void> {
  await Promise.all(sentinels.map((server) => server.cli('SENTINEL', 'DEBUG', ...periods).catch(() => {})))
}

async function masterPortBy(sentinel: RedisServer): Promise<number> {
  const [, port] = (await sentinel.cli('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)).split('\n')
  return Number(port)
}

async function knowsAll(sentinel: RedisServer, replicas: number): Promise<boolean> {
  const lines = (await sentinel.cli('SENTINEL', 'MASTER', NAME)).split('\n')
  const field = (name: string) => lines[lines.indexOf(name) + 1]
  return (
    field('flags') === 'master' &&
    Number(field('num-slaves')) === replicas &&
    Number(field('num-other-sentinels')) === COUNT - 1
  )
}
