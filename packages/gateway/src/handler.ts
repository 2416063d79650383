import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, answerFault } from './answer.js'
import { BusyError } from './busy-error.js'
import { HttpFault } from './http-fault.js'
import type { ResolvedGatewayOptions } from './options.js'
import { RedisUnavailableError } from './redis/redis-unavailable-error.js'
import { type Command, word } from './redis/reply.js'
import { commandOfUrl, createTokenCheck, formatOf, parseCommand, parseCommands, parseUrl, readBody } from './request.js'
import type { Runner } from './run.js'
import { createSlots } from './slots.js'
import type { StreamKind, Streams } from './streams.js'

/** Browsers may ask as well, as they may with Upstash: it is the token that keeps others out. */
const CORS = { 'access-control-allow-origin': '*' }
const PREFLIGHT = {
  ...CORS,
  'access-control-allow-methods': 'GET, HEAD, POST, PUT',
  'access-control-allow-headers': '*, Authorization',
  'access-control-expose-headers': 'upstash-sync-token',
  'access-control-max-age': '86400',
}
const METHODS = ['GET', 'HEAD', 'POST', 'PUT']
const BATCHES = { pipeline: 'many', 'multi-exec': 'transaction' } as const
const UNAVAILABLE = { unreachable: 503, lost: 502, silent: 504 } as const
/** How long a body may take to come in: a client that stalls must not hold what it has sent for ever. */
const BODY_TIMEOUT_MS = 30_000
/** How many names of commands a line of the log has at most. */
const MAX_LOGGED = 8

/** Answers requests. Never rejects: what goes wrong is an answer as well. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

export function createHandler(options: ResolvedGatewayOptions, runner: Runner, streams: Streams): Handler {
  const { log, maxBodyBytes, maxConcurrent, maxWaiting, commandTimeoutMs } = options
  const hasToken = createTokenCheck(options.token)
  const slots = createSlots({ of: 'requests', max: maxConcurrent, maxWaiting, maxWaitMs: commandTimeoutMs })
  const instance = randomBytes(6).toString('base64url')
  let answered = 0
  // There is one Redis, so that reads see all writes anyhow. Clients send it back, and tests can see that they do.
  const syncToken = () => ({ 'upstash-sync-token': `${instance}:${++answered}` })

  /** The answer, or nothing where a stream has taken the response. `seen` is for the log. */
  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    seen: (what: string, commands?: readonly Command[]) => void,
  ): Promise<Answer | undefined> {
    const { method = '' } = request
    if (!METHODS.includes(method)) throw new HttpFault(405, 'ERR method not allowed', { allow: METHODS.join(', ') })
    const url = parseUrl(request.url ?? '/')
    if (!hasToken(request, url)) throw new HttpFault(401, 'WRONGPASS invalid or missing auth token')
    const format = formatOf(request)
    const [first, ...names] = url.segments
    const route = String(first ?? '').toLowerCase()

    if (route === 'subscribe' || route === 'psubscribe' || route === 'monitor') {
      seen(`/${route}`)
      if (method === 'HEAD') throw new HttpFault(405, 'ERR an event stream has no head', { allow: 'GET, POST, PUT' })
      // Nobody reads its body, and behind one that is not read the client's leaving would not be seen.
      request.resume()
      await streams.open(route satisfies StreamKind, names, response, { ...CORS, ...syncToken() })
      return undefined
    }
    const hasBody = method === 'POST' || method === 'PUT'
    // Before it takes a slot: a client that sends slowly holds up nobody but itself.
    const body = hasBody ? await readBody(request, maxBodyBytes, BODY_TIMEOUT_MS) : Buffer.alloc(0)
    return slots.use(async () => {
      if (hasBody && names.length === 0 && (route === 'pipeline' || route === 'multi-exec')) {
        const commands = parseCommands(body)
        seen(`/${route}`, commands)
        return runner[BATCHES[route]](commands, format)
      }
      if (first === undefined && !hasBody) throw new HttpFault(400, 'ERR no command: use /get/<key>, or POST')
      const command = first === undefined ? parseCommand(body) : commandOfUrl(url, body)
      seen('/', [command])
      return runner.one(command, format)
    })
  }

  return async (request, response) => {
    const startedMs = performance.now()
    let what = ''
    const seen = (path: string, commands: readonly Command[] = []) => {
      what = [path, ...namesOf(commands)].join(' ')
    }
    const report = (status: number) => {
      const tookMs = (performance.now() - startedMs).toFixed(1)
      log?.([request.method, what, status, `${tookMs} ms`].filter(Boolean).join(' '))
    }
    if (request.method === 'OPTIONS') {
      response.writeHead(204, PREFLIGHT).end()
      return report(204)
    }
    let result: Answer | undefined
    let headers: Readonly<Record<string, string>> = {}
    try {
      result = await answer(request, response, seen)
      if (!result) return report(200)
      headers = syncToken()
    } catch (error) {
      result = answerError(error)
      if (error instanceof HttpFault) headers = error.headers
      if (error instanceof BusyError) headers = { 'retry-after': '1' }
    }
    report(result.status)
    if (response.destroyed) return
    const { status, type, body } = result
    response.writeHead(status, {
      ...CORS,
      ...headers,
      'content-type': type,
      'content-length': Buffer.byteLength(body),
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
}

function answerError(error: unknown): Answer {
  if (error instanceof HttpFault) return answerFault(error.status, error.message)
  if (error instanceof BusyError) return answerFault(503, `ERR ${error.message}`)
  if (error instanceof RedisUnavailableError) return answerFault(UNAVAILABLE[error.kind], `ERR ${error.message}`)
  return answerFault(500, `ERR the gateway failed: ${error instanceof Error ? error.message : String(error)}`)
}

/** Names of commands only: a path may hold anything, the token too. */
function namesOf(commands: readonly Command[]): string[] {
  const names = commands
    .slice(0, MAX_LOGGED)
    .map((command) => word(command).replace(/^(?![A-Z0-9._-]{1,32}$).*$/s, '?'))
  const more = commands.length - names.length
  return more > 0 ? [...names, `and ${more} more`] : names
}
