import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, isIPv6, type Socket } from 'node:net'
import { UsageError } from '@larder/core'
import { createHandler } from './handler.js'
import { type GatewayOptions, type ResolvedGatewayOptions, resolveGatewayOptions } from './options.js'
import { createPool } from './redis/pool.js'
import { ReplyFault } from './redis/reply.js'
import { createRunner } from './run.js'
import { createScripts } from './scripts.js'
import { createStreams } from './streams.js'

/** How long a request may take to come in. */
const REQUEST_TIMEOUT_MS = 60_000
/** Longer than clients keep idle connections, so that it is they who close them. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000
/** How long `close()` waits for requests that are under way. */
const DRAIN_TIMEOUT_MS = 5_000

/** A gateway that is listening. */
export interface Gateway extends AsyncDisposable {
  /** For `UPSTASH_REDIS_REST_URL`: `http://127.0.0.1:8079` */
  readonly url: string
  /** For `UPSTASH_REDIS_REST_TOKEN`. */
  readonly token: string
  /** The Redis behind it, without its password: `redis://127.0.0.1:6379` */
  readonly redis: string
  /** Whether only this machine can reach it. */
  readonly isLoopback: boolean
  /** Resolves to the trip to Redis and back in milliseconds. @throws an Error that says why Redis cannot be asked. */
  ping(): Promise<number>
  /**
   * Takes no more requests, ends event streams, waits for requests under way, 5 s at most, and closes all connections. May
   * be called twice.
   */
  close(): Promise<void>
}

/**
 * Serves the Upstash REST protocol in front of a Redis, for local development and tests.
 *
 * Resolves when it is listening, whether or not Redis can be reached: that is tried by each request that needs it.
 *
 * @throws UsageError (`ERR_INVALID_OPTION`, `ERR_INVALID_DURATION`) that names the option or the variable at fault; also
 * when the port is taken.
 *
 * @example
 * const gateway = await createGateway({ redis: 'redis://127.0.0.1:6379', port: 0 })
 * process.env.UPSTASH_REDIS_REST_URL = gateway.url
 * process.env.UPSTASH_REDIS_REST_TOKEN = gateway.token
 * await gateway.close()
 */
export async function createGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const resolved = resolveGatewayOptions(options)
  const { token, maxTransactions, maxWaiting } = resolved
  const pool = createPool({ ...resolved, maxLeased: maxTransactions, maxWaiting })
  const streams = createStreams(pool, resolved)
  const handler = createHandler(resolved, createRunner(pool, createScripts()), streams)
  let active = 0
  let onIdle = () => {}
  let closing: Promise<void> | undefined

  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS, noDelay: true },
    (request, response) => {
      active++
      // Its client is to go elsewhere with the next one.
      if (closing) response.shouldKeepAlive = false
      response.once('close', () => {
        if (--active === 0) onIdle()
      })
      handler(request, response).catch(() => response.destroy())
    },
  )
  server.on('clientError', refuse)
  await listen(server, resolved)

  async function shutDown(): Promise<void> {
    const closed = once(server, 'close')
    server.close()
    streams.close()
    if (active > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, DRAIN_TIMEOUT_MS)
        onIdle = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    // Also those that never sent a request, for which the server would wait.
    server.closeAllConnections()
    await closed
    pool.close()
  }
  const close = () => {
    closing ??= shutDown()
    return closing
  }

  const address = server.address() as AddressInfo
  return {
    url: urlOf(address),
    token,
    redis: resolved.target.label,
    isLoopback: isLoopback(address),
    async ping() {
      const startedMs = performance.now()
      const [reply] = await (await pool.shared()).send([['PING']])
      if (reply instanceof ReplyFault) throw new Error(`${resolved.target.label} refuses: ${reply.message}`)
      return performance.now() - startedMs
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** @throws UsageError, whose cause is that of the system. */
async function listen(server: Server, { host, port }: ResolvedGatewayOptions): Promise<void> {
  server.listen({ host, port })
  try {
    await once(server, 'listening')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const at = `${host}:${port}`
    const refuse = (option: string, requirement: string) => {
      const refusal = new UsageError('ERR_INVALID_OPTION', `\`${option}\` ${requirement}`, option)
      refusal.cause = error
      return refusal
    }
    if (code === 'EADDRINUSE') throw refuse('port', `${port}: ${at} is taken; choose another, or 0 for a free one`)
    if (code === 'EACCES') throw refuse('port', `${port}: ${at} is not for this user to take; choose one above 1023`)
    throw refuse('host', `cannot be listened on: ${message}`)
  }
}

/** As one on this machine reaches it: what listens everywhere listens on loopback too. */
function urlOf({ address, port }: AddressInfo): string {
  const host = address === '0.0.0.0' || address === '::' ? '127.0.0.1' : isIPv6(address) ? `[${address}]` : address
  return `http://${host}:${port}`
}

function isLoopback({ address }: AddressInfo): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}

/** What is no request, or one too long: answered here, for no handler ever sees it. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const [status, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [
          '431 Request Header Fields Too Large',
          'ERR path and headers are too long: send the command as the body of a POST',
        ]
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'ERR the request did not come in in time']
        : ['400 Bad Request', 'ERR this is not an HTTP request']
  const body = JSON.stringify({ error: message })
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
