import type { RedisServer } from './redis-server.js'
import type { Reply } from './resp.js'

/** A slot on its way from one master to another. Until `finish`, the former owner answers ASK for keys that have left. */
export interface SlotMove {
  readonly slot: number
  readonly from: RedisServer
  readonly to: RedisServer
  /** Carries keys over, at most `count` of them. @returns how many went. */
  moveKeys(count?: number): Promise<number>
  /** Carries the rest over and makes `to` the owner: from now on the former one answers MOVED. */
  finish(): Promise<void>
}

/** Opens the move on both sides. `masters` are all of the cluster, who are told the new owner at the end. */
export async function beginMove(
  slot: number,
  from: RedisServer,
  to: RedisServer,
  masters: readonly RedisServer[],
): Promise<SlotMove> {
  await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(from))
  await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(to))

  const moveKeys = async (count = Number.MAX_SAFE_INTEGER) => {
    let moved = 0
    while (moved < count) {
      const keys = asStrings(await from.command('CLUSTER', 'GETKEYSINSLOT', slot, Math.min(100, count - moved)))
      if (keys.length === 0) break
      // Keys that expired in between answer NOKEY, which is no error.
      await from.cli('MIGRATE', to.host, to.port, '', 0, 5_000, 'KEYS', ...keys)
      moved += keys.length
    }
    return moved
  }
  return {
    slot,
    from,
    to,
    moveKeys,
    async finish() {
      await moveKeys()
      const owner = await idOf(to)
      // The new owner first: if the others were first, they would send clients to one who sends them back.
      const others = masters.filter((server) => server !== to && server !== from)
      for (const server of [to, from, ...others]) {
        await server.cli('CLUSTER', 'SETSLOT', slot, 'NODE', owner)
      }
    },
  }
}

/** A node's name in the cluster: 40 hex digits. */
export const idOf = (server: RedisServer): Promise<string> => server.cli('CLUSTER', 'MYID')

function asStrings(reply: Reply): string[] {
  return Array.isArray(reply) ? reply.map(String) : []
}
