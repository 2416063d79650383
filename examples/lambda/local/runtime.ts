import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

export interface RuntimeOptions {
  /** The bundle, as deployed. */
  readonly bundle: string
  /** Which export of it handles events. */
  readonly handler: string
  readonly env?: Readonly<Record<string, string>>
  /** The most milliseconds of one invocation. @default 10_000 */
  readonly timeoutMs?: number
  /** Stops the process from the end of one invocation to the next, as Lambda does. @default true */
  readonly freeze?: boolean
}

/** One instance of a function, in a process of its own. */
export interface LocalFunction {
  /** One event in, one result out. Rejects with what the handler threw, with a time-out, or when the process ended. */
  invoke(event: unknown): Promise<unknown>
  /** What the process wrote. */
  output(): string
  stop(): Promise<void>
}

interface Invocation {
  readonly id: string
  readonly event: unknown
  resolve(result: unknown): void
  reject(error: Error): void
}

/**
 * Runs a bundle as Lambda does: a process that asks a Runtime API for events, and is stopped (SIGSTOP) in between, so
 * that neither timers nor sockets live on behind an answer.
 */
export async function startFunction(options: RuntimeOptions): Promise<LocalFunction> {
  const { bundle, handler, env = {}, timeoutMs = 10_000, freeze = true } = options
  let waiting: ServerResponse | undefined
  let current: Invocation | undefined
  const queue: Invocation[] = []
  let child: ChildProcess
  let frozen = false

  const thaw = () => {
    if (frozen) child.kill('SIGCONT')
    frozen = false
  }
  /** Hands the next event to the process if both are there; else lets it freeze. */
  const advance = () => {
    if (!waiting || current) return
    current = queue.shift()
    if (!current) {
      if (freeze && !frozen) frozen = child.kill('SIGSTOP')
      return
    }
    thaw()
    waiting.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': current.id,
      'lambda-runtime-deadline-ms': String(Date.now() + timeoutMs),
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:local:000000000000:function:larder',
    })
    waiting.end(JSON.stringify(current.event))
    waiting = undefined
  }
  const finish = (settle: (invocation: Invocation) => void) => {
    const done = current
    current = undefined
    if (done) settle(done)
  }

  const server = createServer(async (request, response) => {
    const path = request.url?.split('/runtime/')[1] ?? ''
    if (path === 'invocation/next') {
      waiting = response
      return advance()
    }
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = JSON.parse(Buffer.concat(chunks).toString() || 'null')
    response.writeHead(202).end()
    if (path.endsWith('/response')) finish(({ resolve }) => resolve(body))
    else finish(({ reject }) => reject(Object.assign(new Error(body.errorMessage), { name: body.errorType })))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  let output = ''
  child = spawn(process.execPath, ['--no-experimental-require-module', BOOTSTRAP, bundle, handler], {
    env: {
      PATH: process.env.PATH,
      ...env,
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
      AWS_LAMBDA_FUNCTION_NAME: 'larder',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk
    })
  }
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  ended.then(() => finish(({ reject }) => reject(new Error(`the process ended:\n${output}`))))

  return {
    invoke(event) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          // Lambda ends the instance with the invocation.
          thaw()
          child.kill('SIGKILL')
          reject(new Error(`no answer within ${timeoutMs} ms:\n${output}`))
        }, timeoutMs + 1_000)
        const settle =
          <T>(end: (value: T) => void) =>
          (value: T) => {
            clearTimeout(timer)
            end(value)
          }
        queue.push({ id: randomUUID(), event, resolve: settle(resolve), reject: settle(reject) })
        thaw()
        advance()
      })
    },
    output: () => output,
    async stop() {
      thaw()
      child.kill('SIGKILL')
      await ended
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const BOOTSTRAP = fileURLToPath(new URL('bootstrap.mjs', import.meta.url))
