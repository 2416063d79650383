import { type RedisOptions, type RedisServer, startRedis } from '../../../adapters/test/support/redis-server.js'
import { createGateway, type Gateway, type GatewayOptions } from '../../src/index.js'

/** What the gateway answered. */
export interface Answered {
  readonly status: number
  /** The body as JSON; undefined if it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests compare it with what they expect, whatever it is.
  readonly json: any
  readonly bytes: Buffer
  readonly headers: Headers
}

export interface Call {
  /** @default POST */
  readonly method?: string
  /** An array is sent as JSON. */
  readonly body?: unknown[] | string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** A gateway on a free port, and a way to ask it with the right token. */
export interface TestGateway extends Gateway {
  ask(path: string, call?: Call): Promise<Answered>
  /** One command as the body, and what came of it. */
  run(...command: readonly unknown[]): Promise<Answered>
}

export async function startGateway(options: GatewayOptions): Promise<TestGateway> {
  const gateway = await createGateway({ port: 0, ...options })
  const ask = async (path: string, { method = 'POST', body, headers, signal }: Call = {}): Promise<Answered> => {
    const response = await fetch(`${gateway.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${gateway.token}`, ...headers },
      ...(body === undefined
        ? {}
        : { body: Array.isArray(body) ? JSON.stringify(body) : (body as NonNullable<RequestInit['body']>) }),
      ...(signal ? { signal } : {}),
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    return { status: response.status, headers: response.headers, bytes, json: toJson(bytes) }
  }
  return Object.assign(gateway, { ask, run: (...command: readonly unknown[]) => ask('/', { body: [...command] }) })
}

/** A Redis, and a gateway in front of it. */
export interface Pair extends AsyncDisposable {
  readonly redis: RedisServer
  readonly gateway: TestGateway
}

export async function startPair(options: GatewayOptions = {}, redisOptions: RedisOptions = {}): Promise<Pair> {
  const redis = await startRedis(redisOptions)
  try {
    const gateway = await startGateway({ redis: redis.url, ...options })
    return {
      redis,
      gateway,
      async [Symbol.asyncDispose]() {
        await gateway.close()
        await redis.stop()
      },
    }
  } catch (error) {
    await redis.stop()
    throw error
  }
}

function toJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}
