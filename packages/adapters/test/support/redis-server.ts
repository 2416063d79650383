import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { selfSigned } from './certificate.js'
import { type CommandStats, parseCommandStats, withoutOwn } from './command-stats.js'
import { freePort } from './free-port.js'
import { type RedisBinary, redisBinary } from './redis-binary.js'
import { connect, type Reply, RespError } from './resp.js'
import { type ServerProcess, spawnServer } from './server-process.js'
import { waitUntil } from './wait-until.js'

export interface RedisOptions {
  /** @default a free one */
  readonly port?: number
  /** More arguments for the command line, `['--maxmemory', '2mb']`. They win over the harness's own. */
  readonly args?: readonly string[]
  /** What the default user has to say (`requirepass`, and `masterauth` for a replica). */
  readonly password?: string
  /**
   * Serves TLS, and nothing else, with a fresh certificate for `localhost` and 127.0.0.1: `ca` of the server.
   * @default false
   */
  readonly tls?: boolean
  /** A config file that the server reads and may write. Sentinels cannot do without. */
  readonly config?: string
}

export interface RestartOptions {
  /**
   * Keeps the data: it is saved first if the server can answer, else what was saved last counts. Without, the server comes back
   * empty, as after a crash of a store that saves nothing.
   * @default false
   */
  readonly keepData?: boolean
}

/** A real server, a child process of the test. It does not outlive the test's process, however that one ends. */
export interface RedisServer extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** `redis://` or `rediss://`, with the password if there is one. */
  readonly url: string
  /** Of the server as it is now: a restart gives it another one. */
  readonly pid: number
  /** Whether there is a process. A paused one is running. */
  readonly running: boolean
  readonly paused: boolean
  /** The certificate to trust, in PEM. Undefined without TLS. */
  readonly ca: string | undefined
  /** Ends it for good and removes its files. May be called twice, and on a server that is paused or dead. */
  stop(): Promise<void>
  /** SIGKILL. Clients see their connections closed, and refused from then on. */
  kill(): Promise<void>
  /** SIGSTOP. The system still accepts connections; nothing is ever answered. */
  pause(): void
  /** SIGCONT. What came in meanwhile is answered now. */
  resume(): void
  /** Kills it if it runs, and starts it anew on the same port. */
  restart(options?: RestartOptions): Promise<void>
  /** One command on a connection of its own. @throws RespError when the server says no. */
  command(...args: readonly (string | number)[]): Promise<Reply>
  /** As {@link command}, with the answer as text: an empty string for nil, a line for each item of an array. */
  cli(...args: readonly (string | number)[]): Promise<string>
  /** How often each command ran since {@link resetStats}, the harness's own ones left out. What scripts call counts. */
  commandStats(): Promise<CommandStats>
  resetStats(): Promise<void>
  /** How many connections clients have open, the harness's own one left out. Those of replicas do not count. */
  clientCount(): Promise<number>
}

const HOST = '127.0.0.1'

/**
 * Starts a server that saves nothing, in a folder of its own, and waits until it answers.
 * @example
 * await using redis = await startRedis()
 * await redis.cli('SET', 'greeting', 'hello')
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const binary = await redisBinary()
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(binary, options, options.port ?? (await freePort()))
    } catch (error) {
      // Somebody was quicker to take the port that was free a moment ago.
      if (!(error instanceof PortTakenError) || options.port !== undefined || attempt === 5) throw error
    }
  }
}

class PortTakenError extends Error {
  override readonly name = 'PortTakenError'
}

async function start(binary: RedisBinary, options: RedisOptions, port: number): Promise<RedisServer> {
  const { password } = options
  const folder = mkdtempSync(join(tmpdir(), 'larder-redis-'))
  const certificate = options.tls ? selfSigned() : undefined
  const ca = certificate?.certificatePem
  if (certificate) {
    writeFileSync(join(folder, 'server.crt'), certificate.certificatePem)
    writeFileSync(join(folder, 'server.key'), certificate.keyPem, { mode: 0o600 })
  }
  if (options.config !== undefined) writeFileSync(join(folder, 'redis.conf'), options.config)

  let own: string[] = []
  const command = async (...args: readonly (string | number)[]): Promise<Reply> => {
    const client = await connect({ host: HOST, port, password, ca })
    if (password !== undefined) own.push('auth')
    try {
      return await client.command(...args)
    } finally {
      own.push(args.slice(0, 2).join('|').toLowerCase())
      client.close()
    }
  }
  const cli = async (...args: readonly (string | number)[]) => toText(await command(...args))

  const launch = async (): Promise<ServerProcess> => {
    const server = await spawnServer(binary.path, argumentsFor(binary, options, port), folder)
    const answers = waitUntil(`redis answers on port ${port}`, async () => {
      if (!server.running) return true
      const isOurs = (await cli('INFO', 'server')).includes(`process_id:${server.pid}\r\n`)
      return isOurs && (await cli('PING')) === 'PONG'
    })
    try {
      // Whoever holds the port may take connections and keep silent.
      await Promise.race([answers, server.ended])
      if (!server.running) throw deathOf(folder, port)
      return server
    } catch (error) {
      await server.kill()
      throw error
    }
  }

  const remove = () => rmSync(folder, { recursive: true, force: true })
  let server = await launch().catch((error) => {
    remove()
    throw error
  })

  let paused = false
  const kill = async () => {
    await server.kill()
    paused = false
  }
  const stop = async () => {
    await kill()
    remove()
  }
  const scheme = options.tls ? 'rediss' : 'redis'
  const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`
  return {
    host: HOST,
    port,
    url: `${scheme}://${credentials}${HOST}:${port}`,
    get pid() {
      return server.pid
    },
    get running() {
      return server.running
    },
    ca,
    stop,
    [Symbol.asyncDispose]: stop,
    kill,
    get paused() {
      return paused
    },
    pause() {
      server.signal('SIGSTOP')
      paused = true
    },
    resume() {
      server.signal('SIGCONT')
      paused = false
    },
    async restart({ keepData = false } = {}) {
      if (keepData && server.running && !paused) await command('SAVE')
      await kill()
      // A cluster node's nodes.conf stays in any case: it says who the node is.
      if (!keepData) {
        for (const name of ['dump.rdb', 'appendonlydir', 'appendonly.aof']) {
          rmSync(join(folder, name), { recursive: true, force: true })
        }
      }
      own = []
      server = await launch()
    },
    command,
    cli,
    async commandStats() {
      const info = await cli('INFO', 'commandstats')
      // This very INFO is counted by the next one only.
      const sentBefore = own.slice(0, -1)
      return withoutOwn(parseCommandStats(info), sentBefore)
    },
    async resetStats() {
      await command('CONFIG', 'RESETSTAT')
      // It counts itself, after the reset.
      own = ['config|resetstat']
    },
    async clientCount() {
      const count = async (type: string) => (await cli('CLIENT', 'LIST', 'TYPE', type)).match(/^id=/gm)?.length ?? 0
      return (await count('normal')) - 1 + (await count('pubsub'))
    },
  }
}

function argumentsFor({ major }: RedisBinary, options: RedisOptions, port: number): string[] {
  const { args = [], password, tls = false, config } = options
  const listen = tls
    ? ['--port', '0', '--tls-port', `${port}`, '--tls-cert-file', 'server.crt', '--tls-key-file', 'server.key']
    : ['--port', `${port}`]
  return [
    ...(config === undefined ? [] : ['redis.conf']),
    ...listen,
    ...(tls ? ['--tls-ca-cert-file', 'server.crt', '--tls-auth-clients', 'no', '--tls-replication', 'yes'] : []),
    ...['--bind', HOST, '--logfile', 'redis.log'],
    ...(password === undefined ? [] : ['--requirepass', password]),
    ...(args.includes('--sentinel') ? [] : storeArguments(major, password)),
    ...args,
  ]
}

function storeArguments(major: number, password: string | undefined): string[] {
  return [
    ...['--save', '', '--appendonly', 'no'],
    ...(major >= 7 ? ['--enable-debug-command', 'local'] : []),
    ...(password === undefined ? [] : ['--masterauth', password]),
  ]
}

function deathOf(folder: string, port: number): Error {
  const log = readFileSync(join(folder, 'redis.log'), { encoding: 'utf8', flag: 'a+' }).trim()
  if (log.includes('Address already in use')) return new PortTakenError(`port ${port} is taken`)
  return new Error(`redis ended at its start: ${log.split('\n').slice(-3).join(' / ') || 'it wrote no log'}`)
}

function toText(reply: Reply): string {
  if (Array.isArray(reply)) return reply.map(toText).join('\n')
  return reply instanceof RespError ? reply.message : String(reply ?? '')
}
