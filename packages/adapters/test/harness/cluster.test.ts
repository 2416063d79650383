import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisCluster, startCluster } from '../support/cluster.js'
import { connect } from '../support/resp.js'
import { isAlive } from './still-alive.js'

describe('a cluster of the harness', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startCluster()
  })
  afterAll(() => cluster.stop())

  /** The owner of every slot, in order, as one node tells it. */
  const ownersBy = async (index: number) => {
    const ranges = (await cluster.nodes[index]?.command('CLUSTER', 'SLOTS')) as [number, number, [string, number]][]
    const table = Array.from({ length: 16_384 }, () => 0)
    for (const [from, to, [, port]] of ranges) table.fill(port, from, to + 1)
    return table
  }

  it('serves every slot, and all nodes say the same about who does', async () => {
    const table = await ownersBy(0)
    expect(table.every((port) => port > 0)).toBe(true)
    expect(new Set(table).size).toBe(3)
    for (let index = 1; index < 6; index++) expect(await ownersBy(index)).toEqual(table)
  })

  it('answers for keys of all parts, and points elsewhere from the wrong node', async () => {
    const seen = new Set<number>()
    for (let i = 0; i < 60; i++) {
      const owner = await cluster.nodeOf(`key:${i}`)
      expect(await owner.cli('SET', `key:${i}`, i)).toBe('OK')
      seen.add(owner.port)
    }
    expect(seen.size).toBe(3)

    const owner = await cluster.nodeOf('key:1')
    const slot = await cluster.slotOf('key:1')
    const wrong = (await cluster.masters()).find((node) => node !== owner)
    await expect(wrong?.cli('GET', 'key:1')).rejects.toThrow(`MOVED ${slot} 127.0.0.1:${owner.port}`)
    expect(await cluster.slotOf('{key:1}:tag')).toBe(slot)
  })

  it('moves a slot with its keys, and answers ASK halfway', async () => {
    const slot = await cluster.slotOf('{moved}')
    const from = await cluster.nodeOf('{moved}')
    const to = (await cluster.masters()).find((node) => node !== from)
    if (!to) throw new Error('there are three masters')
    for (let i = 0; i < 250; i++) await from.cli('SET', `{moved}:${i}`, i)

    const move = await cluster.beginMove(slot, to)
    expect(await move.moveKeys(100)).toBe(100)
    await expect(from.cli('GET', '{moved}:never-set')).rejects.toThrow(`ASK ${slot} 127.0.0.1:${to.port}`)
    await move.finish()

    expect(await cluster.nodeOf('{moved}')).toBe(to)
    expect(await to.cli('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe('250')
    expect(await to.cli('GET', '{moved}:249')).toBe('249')
    await expect(from.cli('GET', '{moved}:249')).rejects.toThrow('MOVED')

    await cluster.moveSlot(slot, from)
    expect(await from.cli('GET', '{moved}:0')).toBe('0')
    await cluster.settled()
  })

  it('fails over on demand, and the former master follows', async () => {
    const before = await cluster.shard(1)
    expect(await cluster.failover(1)).toBe(before.replica)
    expect(await cluster.shard(1)).toEqual({ master: before.replica, replica: before.master })
  })

  it('promotes the replica of a master that is killed, and takes the dead one back', async () => {
    const { master: former, replica } = await cluster.shard(0)
    const key = await keyOn(former)
    const client = await connect(former)
    await client.command('SET', key, 'kept')
    expect(await client.command('WAIT', 1, 1_000)).toBe(1)
    client.close()

    await former.kill()
    expect(await cluster.promoted(0, former)).toBe(replica)
    expect(await replica.cli('GET', key)).toBe('kept')

    await former.restart()
    await cluster.settled()
    expect(await cluster.shard(0)).toEqual({ master: replica, replica: former })
  })

  it('promotes the replica of a master that is frozen', async () => {
    const { master: former, replica } = await cluster.shard(2)
    former.pause()
    expect(await cluster.promoted(2, former)).toBe(replica)
    former.resume()
    await cluster.settled()
    expect(await cluster.shard(2)).toEqual({ master: replica, replica: former })
  })

  it('leaves no process behind', async () => {
    const pids = cluster.nodes.map(({ pid }) => pid)
    await cluster.stop()
    expect(pids.filter(isAlive)).toEqual([])
  })

  const keyOn = async (node: { readonly port: number }) => {
    for (let i = 0; ; i++) if ((await cluster.nodeOf(`on:${i}`)).port === node.port) return `on:${i}`
  }
})
