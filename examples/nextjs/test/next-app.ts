import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('..', import.meta.url))
const next = fileURLToPath(import.meta.resolve('next/dist/bin/next'))

export type Dialect = 'legacy' | 'standard'

function run(dialect: Dialect, args: string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [next, ...args], {
    cwd: folder,
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production', DECORATORS: dialect, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function collect(child: ChildProcess): () => string {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk
    })
  }
  return () => output
}

/** `next build`, as it is done before a deployment. */
export async function build(dialect: Dialect): Promise<void> {
  const child = run(dialect, ['build'])
  const output = collect(child)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`next build ended with ${code}:\n${output()}`)
}

export interface Instance {
  readonly url: string
  output(): string
  stop(): Promise<void>
}

/** `next start`, on a free port. */
export async function start(dialect: Dialect, env: Record<string, string> = {}): Promise<Instance> {
  const port = await freePort()
  const child = run(dialect, ['start', '-p', `${port}`, '-H', '127.0.0.1'], { ...env, PORT: `${port}` })
  const output = collect(child)
  const url = `http://127.0.0.1:${port}`
  const ended = once(child, 'close')
  for (let tries = 0; ; tries++) {
    const answer = await fetch(`${url}/api/status`).catch(() => undefined)
    if (answer?.ok) break
    if (tries > 150 || child.exitCode !== null) throw new Error(`next start does not answer:\n${output()}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return {
    url,
    output,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
