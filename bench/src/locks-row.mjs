import { strictEqual } from 'node:assert/strict'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { tcp } from '@larder/adapters/tcp'
import { createLarder } from '@larder/core'
import { quantile } from './harness.mjs'
import { loadPeers } from './peers.mjs'

export const CONTENDERS = 16
export const HOLD_MS = 5
const TTL_MS = 30_000

const clients = createRequire(new URL('../../packages/adapters/package.json', import.meta.url))
const ioredis = (name, url) => new (clients(name).Redis)(url)

/** The floors and ours, in the shape of `peers/locks.mjs`. */
export const floors = {
  pair: { name: 'FLOOR SET NX PX + compare-and-delete', open: bare },
  handOver: { name: 'FLOOR BLPOP of a token', open: tokenInAList },
}
export const ours = [
  { name: 'larder locks, ioredis 6', isLarder: true, open: (url) => larder({ url }) },
  { name: 'larder locks, ioredis 5', isLarder: true, open: (url) => larder({ client: ioredis('ioredis-5', url) }) },
]

async function larder(options) {
  const adapter = tcp(options)
  await adapter.ping()
  // A busy machine is no failing store.
  const { locks } = createLarder({ adapter, store: { budget: '10s' } })
  return async (key) => {
    const lock = await locks.acquire(key, { wait: '1m' })
    return () => lock.release()
  }
}

/** The least that a lock takes, and no waiting. */
async function bare(url) {
  const client = ioredis('ioredis-5', url)
  client.defineCommand('deleteIf', {
    numberOfKeys: 1,
    lua: `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`,
  })
  let tokens = 0
  return async (key) => {
    const token = `token ${tokens++}`
    strictEqual(await client.set(key, token, 'PX', TTL_MS, 'NX'), 'OK')
    return () => client.deleteIf(key, token)
  }
}

/** A token that goes from hand to hand by a list. Each that waits has a connection to itself; a crash loses the token. */
async function tokenInAList(url) {
  const client = ioredis('ioredis-5', url)
  await client.rpush('contended', 'token')
  const waiting = Array.from({ length: CONTENDERS }, () => ioredis('ioredis-5', url))
  await Promise.all(waiting.map((each) => each.ping()))
  let next = 0
  return async (key) => {
    await waiting[next++ % CONTENDERS].blpop(key, 0)
    return () => client.rpush(key, 'token')
  }
}

/**
 * @param {'pair' | 'handOver'} work
 * @param {string} name a lock
 * @param {string} url of a database that nobody else uses
 */
export default async function locksRow(work, name, url) {
  const server = ioredis('ioredis', url)
  await server.flushdb()
  const acquire = await (await find(work, name)).open(url)
  return work === 'pair' ? pairRow(acquire, server) : handOverRow(acquire, server)
}

/** One lock after the other, of which nobody else wants any. */
function pairRow(acquire, server) {
  const call = async (i) => {
    const release = await acquire(`lock ${i % 1_024}`)
    await release()
  }
  return {
    call,
    async check() {
      await call(0)
      const { sent, inside } = await commandsOf(server, async () => {
        for (let i = 0; i < 100; i++) await call(i)
      })
      return { 'commands per lock': perLock(sent, 100), 'with those inside of scripts': perLock(inside, 100) }
    },
  }
}

/** All want the same lock at once, and each holds it once. */
function handOverRow(acquire, server) {
  const gaps = []
  let warm = false
  const episode = async () => {
    let inside = 0
    let releasedAtMs
    await Promise.all(
      Array.from({ length: CONTENDERS }, async () => {
        const release = await acquire('contended')
        if (warm && releasedAtMs !== undefined) gaps.push(performance.now() - releasedAtMs)
        strictEqual(++inside, 1, 'two had the lock at once')
        await sleep(HOLD_MS)
        inside--
        releasedAtMs = performance.now()
        await release()
      }),
    )
    warm = true
  }
  return {
    call: episode,
    async check() {
      const { sent } = await commandsOf(server, episode)
      return {
        'hand-over p50 ms': quantile(gaps, 0.5).toFixed(2),
        'p95 ms': quantile(gaps, 0.95).toFixed(2),
        'commands per lock': perLock(sent, CONTENDERS),
        p50: quantile(gaps, 0.5),
      }
    },
  }
}

const perLock = (commands, locks) => (commands / locks).toFixed(1)

/** What the server got meanwhile, and what it ran: the commands inside of scripts besides. */
async function commandsOf(server, call) {
  const monitor = await server.monitor()
  let sent = 0
  let inside = 0
  monitor.on('monitor', (_time, _args, source) => {
    inside++
    if (source !== 'lua') sent++
  })
  await call()
  // Whatever the monitor has still to tell comes before this.
  const told = new Promise((resolve) => monitor.on('monitor', (_time, args) => args[1] === 'told' && resolve()))
  await server.echo('told')
  await told
  monitor.disconnect()
  return { sent: sent - 1, inside: inside - 1 }
}

async function find(work, name) {
  const named = (lock) => lock.name === name
  return [floors[work], ...ours].find(named) ?? (await loadPeers('locks')).find(named)
}
