import { beginMove, idOf, type SlotMove } from './cluster-move.js'
import { freePort } from './free-port.js'
import { type RedisServer, startRedis } from './redis-server.js'
import { all, follows, isAwake, PROMPT_REPLICATION, roleOf, startAll, stopAll } from './replication.js'
import { waitUntil } from './wait-until.js'

/** A part of the slots, and the two nodes that hold it. */
export interface Shard {
  readonly master: RedisServer
  readonly replica: RedisServer
}

/** Three masters with a third of the slots each, and a replica for each of them. */
export interface RedisCluster extends AsyncDisposable {
  /** All six. Nodes `i` and `i + 3` are shard `i`; who of the two is master changes. */
  readonly nodes: readonly RedisServer[]
  /** Who is who in shard 0, 1 or 2, as the nodes themselves say. */
  shard(index: number): Promise<Shard>
  masters(): Promise<RedisServer[]>
  /** The number of a key's slot. Keys with the same `{tag}` share it. */
  slotOf(key: string): Promise<number>
  /** The master that owns a slot, or the slot of a key. */
  nodeOf(keyOrSlot: string | number): Promise<RedisServer>
  /** Opens the move of a slot, to look at what happens halfway. */
  beginMove(slot: number, to: RedisServer): Promise<SlotMove>
  /** Moves a slot and its keys to another master. */
  moveSlot(slot: number, to: RedisServer): Promise<void>
  /** Has the replica of a shard promoted while all is well, and waits until all know. @returns the new master. */
  failover(shard: number): Promise<RedisServer>
  /** Waits until a node other than `former` is master of the shard and all know. For after `former.kill()` or `pause()`. */
  promoted(shard: number, former: RedisServer): Promise<RedisServer>
  /**
   * Waits until every node says that all slots are served, and every replica follows its master. Those that are dead or
   * paused are left out.
   */
  settled(): Promise<void>
  stop(): Promise<void>
}

const SHARDS = 3
const SLOTS = 16_384
const NODE_TIMEOUT_MS = 1_000

/**
 * Starts six nodes and makes them a cluster. The nodes themselves take two seconds to believe in it.
 * @example
 * await using cluster = await startCluster()
 * const owner = await cluster.nodeOf('user:1')
 */
export async function startCluster(): Promise<RedisCluster> {
  const buses = new Map<RedisServer, number>()
  const nodes = await startAll(Array.from({ length: 2 * SHARDS }, () => startNode(buses)))
  const stop = () => stopAll(nodes)
  const awake = () => nodes.filter(isAwake)

  const pairOf = (index: number) => {
    const [one, other] = [nodes[index], nodes[index + SHARDS]]
    if (!one || !other) throw new Error(`there is no shard ${index}`)
    return [one, other] as const
  }
  const shard = async (index: number): Promise<Shard> => {
    const [one, other] = pairOf(index)
    const isMaster = async (node: RedisServer) => isAwake(node) && (await roleOf(node)).isMaster
    if (await isMaster(one)) return { master: one, replica: other }
    if (await isMaster(other)) return { master: other, replica: one }
    throw new Error(`shard ${index} has no master`)
  }
  const shards = () => Promise.all(Array.from({ length: SHARDS }, (_, index) => shard(index)))
  const masters = async () => (await shards()).map(({ master }) => master)

  const asked = () => {
    const [node] = awake()
    if (!node) throw new Error('no node is awake')
    return node
  }
  const slotOf = async (key: string) => Number(await asked().command('CLUSTER', 'KEYSLOT', key))
  const nodeOf = async (keyOrSlot: string | number) => {
    const slot = typeof keyOrSlot === 'number' ? keyOrSlot : await slotOf(keyOrSlot)
    for (const [from, to, [, port]] of await slotRanges(asked())) {
      const owner = nodes.find((node) => node.port === port)
      if (from <= slot && slot <= to && owner) return owner
    }
    throw new Error(`nobody serves slot ${slot}`)
  }

  const isSettled = async () => {
    const expected = await masters()
    const agree = await all(awake(), (node) => seesAll(node, expected))
    return (
      agree && (await all(await shards(), async ({ master, replica }) => !isAwake(replica) || follows(replica, master)))
    )
  }
  const settled = async () => {
    await waitUntil('the cluster is settled', isSettled, { timeoutMs: 20_000, everyMs: 20 })
  }
  const promoted = (index: number, former: RedisServer) =>
    waitUntil(
      `shard ${index} has another master`,
      async () => {
        const { master } = await shard(index)
        return master !== former && (await isSettled()) && master
      },
      { timeoutMs: 20_000 },
    )

  const open = async (slot: number, to: RedisServer) => beginMove(slot, await nodeOf(slot), to, await masters())

  try {
    await introduce(nodes, buses)
    for (let index = 0; index < SHARDS; index++) {
      const [master, replica] = pairOf(index)
      await replica.cli('CLUSTER', 'REPLICATE', await idOf(master))
    }
    await settled()
  } catch (error) {
    await stop()
    throw error
  }

  return {
    nodes,
    shard,
    masters,
    slotOf,
    nodeOf,
    beginMove: open,
    async moveSlot(slot, to) {
      const move = await open(slot, to)
      await move.finish()
    },
    async failover(index) {
      const { master, replica } = await shard(index)
      await replica.cli('CLUSTER', 'FAILOVER')
      return promoted(index, master)
    },
    promoted,
    settled,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function startNode(buses: Map<RedisServer, number>): Promise<RedisServer> {
  const bus = await freePort()
  const node = await startRedis({
    args: [
      ...['--cluster-enabled', 'yes', '--cluster-port', `${bus}`],
      ...['--cluster-node-timeout', `${NODE_TIMEOUT_MS}`, '--cluster-replica-validity-factor', '0'],
      ...PROMPT_REPLICATION,
    ],
  })
  buses.set(node, bus)
  return node
}

/** Gives the first three their slots, and makes all of them meet. */
async function introduce(nodes: readonly RedisServer[], buses: ReadonlyMap<RedisServer, number>): Promise<void> {
  for (const [i, node] of nodes.entries()) {
    // Different from the start, so that nobody has to find out who gives way. Refused to a node that has met another.
    await node.cli('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)
    const [from, to] = [i, i + 1].map((part) => Math.round((part * SLOTS) / SHARDS)) as [number, number]
    if (i < SHARDS) await node.cli('CLUSTER', 'ADDSLOTSRANGE', from, to - 1)
  }
  for (const [i, node] of nodes.entries()) {
    for (const other of nodes.slice(i + 1)) {
      await node.cli('CLUSTER', 'MEET', other.host, other.port, buses.get(other) as number)
    }
  }
  await waitUntil('the nodes know each other', () =>
    all(nodes, async (node) => {
      const lines = (await node.cli('CLUSTER', 'NODES')).trim().split('\n')
      return lines.length === nodes.length && !lines.some((line) => line.includes('handshake'))
    }),
  )
}

/** A row of CLUSTER SLOTS: from, to, the master's address, and the replicas, of which nothing is needed here. */
type SlotRange = readonly [from: number, to: number, master: readonly [host: string, port: number]]

async function slotRanges(node: RedisServer): Promise<readonly SlotRange[]> {
  return (await node.command('CLUSTER', 'SLOTS')) as unknown as readonly SlotRange[]
}

/** Whether a node serves, and takes exactly these for the masters of all slots. */
async function seesAll(node: RedisServer, masters: readonly RedisServer[]): Promise<boolean> {
  const info = await node.cli('CLUSTER', 'INFO')
  if (!info.includes('cluster_state:ok') || !info.includes(`cluster_slots_ok:${SLOTS}\r\n`)) return false
  const owners = new Set((await slotRanges(node)).map(([, , [, port]]) => port))
  return owners.size === masters.length && masters.every((master) => owners.has(master.port))
}
