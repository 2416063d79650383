import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { connect } from '../support/resp.js'
import { waitUntil } from '../support/wait-until.js'
import { isAlive } from './still-alive.js'

const folderOf = async (redis: RedisServer) => (await redis.cli('CONFIG', 'GET', 'dir')).split('\n')[1] as string

describe('a server of the harness', () => {
  let redis: RedisServer
  beforeEach(async () => {
    redis = await startRedis()
  })
  afterEach(() => redis.stop())

  it('answers as soon as it is there, with stats at zero', async () => {
    expect(await redis.commandStats()).toEqual({})
    expect(await redis.cli('SET', 'key', 'välue "8"')).toBe('OK')
    expect(await redis.cli('GET', 'key')).toBe('välue "8"')
    expect(redis.url).toBe(`redis://127.0.0.1:${redis.port}`)
  })

  it('is gone after stop, with its folder, and stopping twice is fine', async () => {
    const { pid } = redis
    const folder = await folderOf(redis)
    expect(isAlive(pid)).toBe(true)
    expect(existsSync(folder)).toBe(true)

    await redis.stop()
    await redis.stop()

    expect(isAlive(pid)).toBe(false)
    expect(existsSync(folder)).toBe(false)
    expect(redis.running).toBe(false)
  })

  it('can be stopped while it is paused', async () => {
    redis.pause()
    await redis.stop()
    expect(isAlive(redis.pid)).toBe(false)
  })

  it('accepts and does not answer while it is paused, and answers late when it is resumed', async () => {
    const client = await connect(redis)
    redis.pause()
    let answered = false
    const late = client.command('PING').then((reply) => {
      answered = true
      return reply
    })
    const other = connect({ ...redis, host: redis.host, port: redis.port, timeoutMs: 100 })
    await expect(other.then((fresh) => fresh.command('PING'))).rejects.toThrow('did not answer PING within 100 ms')
    expect(answered).toBe(false)

    redis.resume()
    expect(await late).toBe('PONG')
    client.close()
  })

  it('refuses connections after kill, and comes back on the same port, empty', async () => {
    await redis.cli('SET', 'key', 'value')
    const { port, pid } = redis

    await redis.kill()
    await expect(redis.cli('PING')).rejects.toThrow('ECONNREFUSED')
    await redis.restart()

    expect(redis.port).toBe(port)
    expect(redis.pid).not.toBe(pid)
    expect(await redis.cli('GET', 'key')).toBe('')
  })

  it('keeps its data through a restart when asked to, and forgets it at the next', async () => {
    await redis.cli('SET', 'key', 'value')
    await redis.restart({ keepData: true })
    expect(await redis.cli('GET', 'key')).toBe('value')
    await redis.restart()
    expect(await redis.cli('GET', 'key')).toBe('')
  })

  it('counts the commands of others, also those that scripts call, and not its own', async () => {
    const client = await connect(redis)
    await redis.cli('SET', 'key', 'value')
    await redis.resetStats()

    await client.command('GET', 'key')
    await client.command('GET', 'key')
    await client.command('EVAL', "return redis.call('INCR', KEYS[1])", 1, 'counter')
    await redis.cli('GET', 'key')
    await redis.cli('CONFIG', 'GET', 'dir')

    expect(await redis.commandStats()).toEqual({ get: 2, eval: 1, incr: 1 })
    expect(await redis.commandStats()).toEqual({ get: 2, eval: 1, incr: 1 })
    client.close()
  })

  it('counts the connections of others', async () => {
    expect(await redis.clientCount()).toBe(0)
    const clients = await Promise.all([connect(redis), connect(redis)])
    expect(await redis.clientCount()).toBe(2)
    for (const client of clients) client.close()
    await waitUntil('they are gone', async () => (await redis.clientCount()) === 0)
  })

  it('lets DEBUG through, for tests that need a server to be slow or to crash', async () => {
    expect(await redis.cli('DEBUG', 'SLEEP', 0)).toBe('OK')
  })

  it('gives errors of the server as errors with a code', async () => {
    await redis.cli('SET', 'key', 'text')
    await expect(redis.cli('INCR', 'key')).rejects.toThrow('ERR value is not an integer')
    await expect(redis.command('LPUSH', 'key', 'x')).rejects.toMatchObject({ name: 'RespError', code: 'WRONGTYPE' })
  })
})

describe('starting a server', () => {
  it('gives servers that start at the same time a port each', async () => {
    const servers = await Promise.all(Array.from({ length: 4 }, () => startRedis()))
    expect(new Set(servers.map(({ port }) => port)).size).toBe(4)
    await Promise.all(servers.map((server) => server.stop()))
  })

  it('says so when the port asked for is taken', async () => {
    const squatter = createServer().listen(0, '127.0.0.1')
    await waitUntil('it listens', () => squatter.listening)
    const { port } = squatter.address() as { port: number }
    await expect(startRedis({ port })).rejects.toThrow(`port ${port} is taken`)
    squatter.close()
  })

  it('says what the server said when an argument is wrong', async () => {
    await expect(startRedis({ args: ['--maxmemory', 'plenty'] })).rejects.toThrow(/ended at its start/)
  })

  it('passes arguments on', async () => {
    await using redis = await startRedis({ args: ['--maxmemory', '3mb'] })
    expect(await redis.cli('CONFIG', 'GET', 'maxmemory')).toBe('maxmemory\n3145728')
  })

  it('serves a password and TLS', async () => {
    await using redis = await startRedis({ password: 'p@ss/word', tls: true })
    expect(redis.url).toBe(`rediss://:p%40ss%2Fword@127.0.0.1:${redis.port}`)
    expect(await redis.cli('PING')).toBe('PONG')
    expect(await redis.commandStats()).toEqual({})

    const { host, port, ca } = redis
    const stranger = await connect({ host, port, ca })
    await expect(stranger.command('PING')).rejects.toThrow('NOAUTH')
    stranger.close()
    await redis.restart()
    expect(await redis.cli('PING')).toBe('PONG')
    await expect(connect({ host, port, timeoutMs: 500 }).then((plain) => plain.command('PING'))).rejects.toThrow()
  })

  it('leaves nothing behind when the process that started it is killed', async () => {
    const script = fileURLToPath(new URL('start-and-die.ts', import.meta.url))
    const { stdout, stderr, signal } = spawnSync(process.execPath, ['--import', 'tsx', script], { encoding: 'utf8' })
    expect(signal, stderr).toBe('SIGKILL')
    const { pid, folder, existed } = JSON.parse(stdout) as { pid: number; folder: string; existed: boolean }
    expect(existed).toBe(true)
    await waitUntil('the server and its folder are gone', () => !isAlive(pid) && !existsSync(folder))
  })
})
