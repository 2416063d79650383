import type { RedisServer } from './redis-server.js'
import type { Reply } from './resp.js'

/** What one sentinel believes. It looks at the servers now and then only, so this may be a second behind the facts. */
export interface SentinelView {
  readonly masterPort: number
  /** Whether the master is up, says that it is master, and no failover is under way. */
  readonly calm: boolean
  /** The ports of the replicas that are up, say that they are replicas, and have their master's data. */
  readonly replicaPorts: readonly number[]
  /** How many other sentinels it knows. */
  readonly others: number
}

export async function viewOf(sentinel: RedisServer, name: string): Promise<SentinelView> {
  const master = fieldsOf(await sentinel.command('SENTINEL', 'MASTER', name))
  const replicas = listOf(await sentinel.command('SENTINEL', 'REPLICAS', name)).map(fieldsOf)
  const isCalm = (fields: Fields, role: string) => fields.get('flags') === role && fields.get('role-reported') === role
  return {
    masterPort: Number(master.get('port')),
    calm: isCalm(master, 'master'),
    replicaPorts: replicas
      .filter((fields) => isCalm(fields, 'slave') && fields.get('master-link-status') === 'ok')
      .filter((fields) => fields.get('master-port') === master.get('port'))
      .map((fields) => Number(fields.get('port'))),
    others: Number(master.get('num-other-sentinels')),
  }
}

type Fields = ReadonlyMap<string, string>

/** A flat list of names and values. */
function fieldsOf(reply: Reply): Fields {
  const items = listOf(reply).map(String)
  return new Map(items.flatMap((name, i) => (i % 2 ? [] : [[name, items[i + 1] ?? '']])))
}

function listOf(reply: Reply): readonly Reply[] {
  if (!Array.isArray(reply)) throw new Error(`not a list: ${String(reply)}`)
  return reply
}
