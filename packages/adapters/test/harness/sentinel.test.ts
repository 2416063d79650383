import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { roleOf } from '../support/replication.js'
import { type SentinelGroup, startSentinels } from '../support/sentinel.js'
import { isAlive } from './still-alive.js'

describe('a sentinel group of the harness', () => {
  let group: SentinelGroup
  beforeAll(async () => {
    group = await startSentinels({ password: 'secret' })
  })
  afterAll(() => group.stop())

  it('has a master, a replica and three sentinels that agree', async () => {
    const master = await group.master()
    const [replica] = await group.replicas()
    expect(group.sentinels).toHaveLength(3)
    expect((await roleOf(master)).isMaster).toBe(true)
    await master.cli('SET', 'key', 'value')
    expect(await master.cli('WAIT', 1, 1_000)).toBe('1')
    expect(await replica?.cli('GET', 'key')).toBe('value')
  })

  it('promotes the replica when the master is killed, and takes the former master back as a replica', async () => {
    const former = await group.master()
    await former.kill()
    const master = await group.promoted(former)
    expect(master).not.toBe(former)
    expect(await master.cli('GET', 'key')).toBe('value')
    expect(await master.cli('SET', 'key', 'newer')).toBe('OK')

    await former.restart()
    expect(await group.settled()).toBe(master)
    expect(await former.cli('GET', 'key')).toBe('newer')
    await expect(former.cli('SET', 'key', 'x')).rejects.toThrow('READONLY')
  })

  it('fails over on demand, while all is well', async () => {
    const former = await group.master()
    const master = await group.failover()
    expect(master).not.toBe(former)
    expect((await roleOf(former)).masterPort).toBe(master.port)
  })

  it('promotes the replica when the master is frozen, and turns it round when it wakes up', async () => {
    const former = await group.settled()
    former.pause()
    const master = await group.promoted(former)
    expect(master).not.toBe(former)
    former.resume()
    expect(await group.settled()).toBe(master)
    expect((await roleOf(former)).masterPort).toBe(master.port)
  })

  it('leaves no process behind', async () => {
    const pids = [...group.servers, ...group.sentinels].map(({ pid }) => pid)
    await group.stop()
    expect(pids.filter(isAlive)).toEqual([])
  })
})
