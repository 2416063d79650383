import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { freePort } from '../support/free-port.js'

/** What a request is answered with instead of the server's answer. */
export interface Fault {
  readonly status?: number
  readonly body?: string
  readonly type?: string
  /** The server's own answer, cut off in the middle, with all its headers. */
  readonly half?: boolean
  /** The server does what it is asked, and the connection breaks instead of the answer. */
  readonly lost?: boolean
  /** The server's own answer, so much later. */
  readonly delayMs?: number
  /** No answer, ever. */
  readonly hang?: boolean
}

export interface SeenRequest {
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A reverse proxy in front of a gateway, with the troubles of reverse proxies at the turn of a switch. */
export interface HttpProxy extends AsyncDisposable {
  readonly url: string
  /** Every request so far. */
  readonly requests: SeenRequest[]
  /** Commands of the requests so far, by name. */
  commands(): string[]
  /** How many requests their client has given up. */
  readonly abandoned: number
  /** From now on; `undefined` for none. A function decides by the request. */
  fault: Fault | ((seen: SeenRequest) => Fault | undefined) | undefined
  /** Changes commands on their way to the server. */
  rewrite: ((command: readonly string[]) => readonly string[]) | undefined
  /** Breaks all connections. New ones are welcome. */
  cut(): void
  stop(): Promise<void>
}

export async function startHttpProxy(target: string): Promise<HttpProxy> {
  const requests: SeenRequest[] = []
  let abandoned = 0
  const server = createServer((incoming, outgoing) => void handle(incoming, outgoing).catch(() => outgoing.destroy()))
  const port = await freePort()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const seen: SeenRequest = {
      url: incoming.url as string,
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString(),
    }
    requests.push(seen)
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) abandoned++
    })
    const fault = typeof proxy.fault === 'function' ? proxy.fault(seen) : proxy.fault
    if (fault?.hang) return
    if (fault?.body !== undefined || fault?.status !== undefined) {
      const { status = 200, type = 'application/json', body = '' } = fault
      outgoing.writeHead(status, { 'content-type': type }).end(body)
      return
    }
    if (fault?.delayMs) await new Promise((resolve) => setTimeout(resolve, fault.delayMs))

    const { 'content-length': _, ...others } = incoming.headers
    const headers = { ...others, host: new URL(target).host }
    const onward = request(new URL(seen.url, target), {
      method: 'POST',
      headers,
    })
    outgoing.once('close', () => onward.destroy())
    onward.end(change(seen))
    const [answer] = (await once(onward, 'response')) as [IncomingMessage]
    if (!fault?.half && !fault?.lost) {
      outgoing.writeHead(answer.statusCode as number, answer.headers)
      answer.pipe(outgoing)
      return
    }
    const body: Buffer[] = []
    for await (const chunk of answer) body.push(chunk as Buffer)
    if (fault.lost) return void outgoing.destroy()
    const text = Buffer.concat(body).toString()
    outgoing.writeHead(answer.statusCode as number, { 'content-type': 'application/json' })
    outgoing.end(text.slice(0, text.length / 2))
  }

  function change({ url, body }: SeenRequest): string {
    const { rewrite } = proxy
    return rewrite && url === '/pipeline' ? JSON.stringify((JSON.parse(body) as string[][]).map(rewrite)) : body
  }

  const stop = async () => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  const proxy: HttpProxy = {
    url: `http://127.0.0.1:${port}`,
    requests,
    commands: () =>
      requests
        .filter(({ url }) => url.startsWith('/pipeline'))
        .flatMap(({ body }) => (JSON.parse(body) as string[][]).map(([name]) => name as string)),
    get abandoned() {
      return abandoned
    },
    fault: undefined,
    rewrite: undefined,
    cut: () => server.closeAllConnections(),
    stop,
    [Symbol.asyncDispose]: stop,
  }
  return proxy
}
