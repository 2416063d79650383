import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { memory, type Script } from '@larder/core'
import { limitScript } from '../../src/limit/rule.js'
import { slidingWindow } from '../../src/limit/sliding-window.js'
import { acquireScript } from '../../src/lock/acquire-script.js'
import { releaseScript } from '../../src/lock/release-script.js'

export interface LocalServer {
  readonly url: string
  close(): Promise<void>
}

async function listen(handle: RequestListener): Promise<LocalServer> {
  const server: Server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) body += chunk
  return body
}

const scripts: Record<string, Script<unknown>> = Object.fromEntries(
  [acquireScript, releaseScript, limitScript([slidingWindow])].map((script) => [
    script.name,
    script as Script<unknown>,
  ]),
)

export interface StoreServer extends LocalServer {
  /** Which calls, as `method:first key`, are never answered and do nothing. */
  swallows: (call: string) => boolean
  /** The calls so far, as `method:first key`. */
  readonly calls: string[]
}

/** A store for `fetchAdapter`: the embedded adapter behind HTTP. */
export async function startStore(): Promise<StoreServer> {
  const store = memory()
  const calls: string[] = []
  const server = await listen(async (request, response) => {
    const { method, args } = JSON.parse(await bodyOf(request))
    const named = `${method}:${[args[0]].flat()[0]}`
    calls.push(named)
    if (started.swallows(named)) return
    try {
      const call = (store as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[method]
      const result =
        method === 'run'
          ? await store.run(scripts[args[0]] as Script<unknown>, args[1], args[2])
          : await call?.(...args)
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ result }))
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  })
  const started: StoreServer = { ...server, calls, swallows: () => false }
  return started
}

export interface OriginServer extends LocalServer {
  /** How often each path was asked for. */
  readonly loads: Map<string, number>
  /** How often each was answered. */
  readonly answers: Map<string, number>
}

/**
 * What cached methods load from: `/key?ms=200&failures=1` takes 200 ms, and answers 503 the first time; with
 * `againMs=500`, all but the first take half a second.
 */
export async function startOrigin(): Promise<OriginServer> {
  const loads = new Map<string, number>()
  const answers = new Map<string, number>()
  const server = await listen(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url as string, 'http://origin.test')
    const load = (loads.get(pathname) ?? 0) + 1
    loads.set(pathname, load)
    await sleep(Number(searchParams.get(load > 1 && searchParams.has('againMs') ? 'againMs' : 'ms') ?? 0))
    answers.set(pathname, (answers.get(pathname) ?? 0) + 1)
    const fails = load <= Number(searchParams.get('failures') ?? 0)
    response.writeHead(fails ? 503 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ path: pathname, load }))
  })
  return { ...server, loads, answers }
}
