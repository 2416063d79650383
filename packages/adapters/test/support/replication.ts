import type { RedisServer } from './redis-server.js'

/** What a server says about itself in ROLE. `masterPort` and `linked` are those of a replica. */
export interface Role {
  readonly isMaster: boolean
  readonly masterPort: number | undefined
  /** Whether it has its master's data and follows it. */
  readonly linked: boolean
}

export async function roleOf(server: RedisServer): Promise<Role> {
  const [role, , masterPort, link] = (await server.cli('ROLE')).split('\n')
  if (role === 'master') return { isMaster: true, masterPort: undefined, linked: false }
  return { isMaster: false, masterPort: Number(masterPort), linked: link === 'connected' }
}

/** Whether the replica has the master's data, and what is written from now on reaches it at once. Both have to say so. */
export async function follows(replica: RedisServer, master: RedisServer): Promise<boolean> {
  const role = await roleOf(replica)
  if (role.masterPort !== master.port || !role.linked) return false
  const info = await master.cli('INFO', 'replication')
  return info.split('\r\n').some((line) => line.includes(`port=${replica.port},state=online`))
}

/**
 * Replication without its pauses. By way of the disk, because a replica that is fed directly gets nothing new until it
 * has reported back, which it does once a second.
 */
export const PROMPT_REPLICATION: readonly string[] =
  '--repl-diskless-sync no --repl-diskless-sync-delay 0 --repl-ping-replica-period 1'.split(' ')

/** Whether it can answer. */
export const isAwake = (server: RedisServer): boolean => server.running && !server.paused

/** Whether `check` holds for every one. They are asked at the same time. */
export async function all<T>(items: readonly T[], check: (item: T) => Promise<boolean>): Promise<boolean> {
  return (await Promise.all(items.map(check))).every(Boolean)
}

/** Starts several at once. When one cannot be started, the others are stopped again. */
export async function startAll(starts: readonly Promise<RedisServer>[]): Promise<RedisServer[]> {
  const results = await Promise.allSettled(starts)
  const failed = results.find((result) => result.status === 'rejected')
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  if (failed) {
    await stopAll(started)
    throw failed.reason
  }
  return started
}

export async function stopAll(servers: readonly RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()))
}
