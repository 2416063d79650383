import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type RedisServer, startRedis } from '../../adapters/test/support/redis-server.js'
import { waitUntil } from '../../adapters/test/support/wait-until.js'

const PACKAGE = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(`${PACKAGE}/package.json`, 'utf8'))

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis?.stop())

const children = new Set<ChildProcess>()
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
})

/** The program as it is built. */
function start(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(`${PACKAGE}/${manifest.bin['larder-gateway']}`, args, {
    env: { PATH: process.env.PATH ?? '', ...env },
  })
  children.add(child)
  const output = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    output.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.err += chunk
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }))
  return {
    child,
    output,
    ended,
    /** What is to be pasted, once it is there. */
    async ready() {
      await waitUntil('it listens', () => output.out.includes('UPSTASH_REDIS_REST_TOKEN='))
      const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(output.out)?.[1] as string
      return { url: value('UPSTASH_REDIS_REST_URL'), token: value('UPSTASH_REDIS_REST_TOKEN') }
    },
  }
}

test('--help and --version say what they should, and end well', async () => {
  const help = await start(['--help']).ended
  expect([help.code, help.err]).toEqual([0, ''])
  for (const option of ['--redis', '--host', '--port', '--token', '--log', 'LARDER_GATEWAY_TOKEN', 'REDIS_URL']) {
    expect(help.out).toContain(option)
  }
  expect(await start(['--version']).ended).toMatchObject({ code: 0, out: `${manifest.version}\n`, err: '' })
})

test('wrong usage says what is wrong and ends with 2', async () => {
  for (const [args, message] of [
    [['--prot', '1'], "Unknown option '--prot'"],
    [['extra'], "Unexpected argument 'extra'"],
    [['--port', 'http'], '`port` must be an integer from 0 to 65535'],
    [['--port', ''], '`port` must be an integer from 0 to 65535'],
    [['--redis', 'localhost'], '`redis` must be like redis://'],
    [['--token', ''], '`token` must be printable ASCII'],
    [['--command-timeout', 'soon'], '`commandTimeout` must be like'],
  ] as const) {
    const { code, err, out } = await start(args).ended
    expect([args, code, out]).toEqual([args, 2, ''])
    expect(err).toContain(`larder-gateway: ${message}`)
    expect(err).not.toMatch(/\n\s+at /)
  }
})

test('it says where it is, with the lines to paste, and serves', async () => {
  const { ready, output } = start(['--redis', redis.url, '--port', '0'])
  const { url, token } = await ready()
  expect(output.out).toContain(`larder-gateway ${manifest.version} serves ${redis.url} at ${url}\n`)
  const response = await fetch(`${url}/set/a/b`, { headers: { authorization: `Bearer ${token}` } })
  expect(await response.json()).toEqual({ result: 'OK' })
  expect(output.err).toBe('')
})

test('variables stand for options', async () => {
  const env = { REDIS_URL: `${redis.url}/1`, LARDER_GATEWAY_PORT: '0', LARDER_GATEWAY_TOKEN: 'from-env' }
  const { ready, output } = start([], env)
  const { url, token } = await ready()
  expect(token).toBe('from-env')
  expect(output.out).toContain(`serves ${redis.url}/1 at ${url}`)
})

test('a port that is taken ends it with 1, and a clear message', async () => {
  const { url } = await start(['--redis', redis.url, '--port', '0']).ready()
  const { port } = new URL(url)
  const { code, err } = await start(['--port', port]).ended
  expect(code).toBe(1)
  expect(err).toBe(
    `larder-gateway: \`port\` ${port}: 127.0.0.1:${port} is taken; choose another, or 0 for a free one\n`,
  )
})

test('it warns when the network can reach it, and when Redis is not there', async () => {
  const { ready, output } = start(['--redis', 'redis://:secret@127.0.0.1:1', '--port', '0', '--host', '0.0.0.0'])
  await ready()
  await waitUntil('it warns of both', () => (output.err.match(/^warning: /gm)?.length ?? 0) === 2)
  expect(output.err).toContain('everyone on the network can reach this port')
  expect(output.err).toContain('cannot connect to redis://127.0.0.1:1: connect ECONNREFUSED')
  expect(output.out + output.err).not.toContain('secret')
})

test('--log prints a line for each request', async () => {
  const { ready, output } = start(['--redis', redis.url, '--port', '0', '--log'])
  const { url, token } = await ready()
  await fetch(`${url}/get/key`, { headers: { authorization: `Bearer ${token}` } })
  await fetch(`${url}/get/key`)
  await waitUntil('both are there', () => /^GET \/ GET 200 [\d.]+ ms\nGET 401 [\d.]+ ms$/m.test(output.out))
})

test('SIGTERM and SIGINT end it with 0 after what is under way, event streams included', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { child, ready, ended } = start(['--redis', redis.url, '--port', '0'])
    const { url, token } = await ready()
    const response = await fetch(`${url}/subscribe/a`, { headers: { authorization: `Bearer ${token}` } })
    child.kill(signal)
    expect(await response.text()).toBe('data: subscribe,a,1\n\n')
    expect(await ended).toMatchObject({ code: 0, signal: null })
  }
})

test('a second signal ends it at once', async () => {
  await using slow = await startRedis({ args: ['--lua-time-limit', '20'] })
  const { child, ready, ended, output } = start(['--redis', slow.url, '--port', '0'])
  const { url, token } = await ready()
  const body = JSON.stringify(['EVAL', 'while true do end', 0])
  const asked = fetch(url, { method: 'POST', body, headers: { authorization: `Bearer ${token}` } }).catch(() => 'cut')
  const busy = (error: Error) => error.message.startsWith('BUSY')
  await waitUntil('Redis is at it', () => slow.cli('GET', 'a').then(() => false, busy))
  child.kill('SIGTERM')
  await waitUntil('it closes', () => output.out.includes('SIGTERM: closing'))
  child.kill('SIGTERM')
  expect(await ended).toMatchObject({ signal: 'SIGTERM' })
  expect(await asked).toBe('cut')
})

test('a Redis behind TLS is trusted by NODE_EXTRA_CA_CERTS', async () => {
  await using secure = await startRedis({ tls: true, password: 'pw' })
  const folder = mkdtempSync(join(tmpdir(), 'larder-gateway-'))
  try {
    const path = join(folder, 'ca.pem')
    writeFileSync(path, secure.ca ?? '')
    const { ready } = start(['--redis', secure.url, '--port', '0'], { NODE_EXTRA_CA_CERTS: path })
    const { url, token } = await ready()
    const ask = async (path: string) =>
      (await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })).json()
    expect(await ask('/set/a/b')).toEqual({ result: 'OK' })
    expect(await ask('/get/a')).toEqual({ result: 'b' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
