import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** What a server answers. An error inside an array, as EXEC gives, is a value; at the top it is thrown. */
export type Reply = string | number | null | RespError | Reply[]

/** An error that the server answered with. `code` is its first word: `NOAUTH`, `WRONGTYPE`, `ERR`. */
export class RespError extends Error {
  override readonly name = 'RespError'
  readonly code: string

  constructor(message: string) {
    super(message)
    this.code = message.split(' ', 1)[0] as string
  }
}

export interface RespOptions {
  readonly host: string
  readonly port: number
  readonly password?: string | undefined
  /** The certificate to trust. Given, the connection is encrypted. */
  readonly ca?: string | undefined
  /**
   * How long connecting and each command may take.
   * @default 5_000
   */
  readonly timeoutMs?: number
}

export interface RespClient {
  /** Sends one command. @throws RespError when the server says no, an Error when it says nothing. */
  command(...args: readonly (string | number)[]): Promise<Reply>
  close(): void
}

/**
 * A Redis client as small as can be, for looking at a server from a test: RESP2, no reconnect, no dependency. The
 * adapter under test may be broken; this connection is not.
 */
export async function connect({ host, port, password, ca, timeoutMs = 5_000 }: RespOptions): Promise<RespClient> {
  const socket = ca === undefined ? connectTcp({ host, port }) : connectTls({ host, port, ca })
  const waiting: { resolve(reply: Reply): void; reject(error: Error): void }[] = []
  let received: Buffer = Buffer.alloc(0)

  const fail = (error: Error) => {
    for (const { reject } of waiting.splice(0)) reject(error)
    socket.destroy()
  }
  socket.setNoDelay(true)
  socket.on('error', fail)
  socket.on('close', () => fail(new Error(`the connection to ${host}:${port} was closed`)))
  socket.on('data', (chunk: Buffer) => {
    received = received.length ? Buffer.concat([received, chunk]) : chunk
    for (let parsed = parse(received, 0); parsed; parsed = parse(received, 0)) {
      received = received.subarray(parsed.end)
      waiting.shift()?.resolve(parsed.reply)
    }
  })

  const within = <T>(what: string, work: Promise<T>): Promise<T> => {
    let timer: NodeJS.Timeout
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = new Error(`${host}:${port} did not answer ${what} within ${timeoutMs} ms`)
        reject(error)
        fail(error)
      }, timeoutMs)
    })
    return Promise.race([work, limit]).finally(() => clearTimeout(timer))
  }

  const command = async (...args: readonly (string | number)[]) => {
    const sent = new Promise<Reply>((resolve, reject) => waiting.push({ resolve, reject }))
    socket.write(encode(args))
    const reply = await within(String(args[0]), sent)
    if (reply instanceof RespError) throw reply
    return reply
  }

  await within('the dial', opened(socket, ca === undefined ? 'connect' : 'secureConnect'))
  if (password !== undefined) await command('AUTH', password)
  return { command, close: () => socket.destroy() }
}

function opened(socket: Socket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, resolve)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed before it was open')))
  })
}

function encode(args: readonly (string | number)[]): string {
  const bulk = (arg: string | number) => `$${Buffer.byteLength(String(arg))}\r\n${arg}\r\n`
  return `*${args.length}\r\n${args.map(bulk).join('')}`
}

interface Parsed {
  readonly reply: Reply
  /** Where the next reply starts. */
  readonly end: number
}

/** One reply from `start` on, or undefined when it has not fully arrived. */
function parse(bytes: Buffer, start: number): Parsed | undefined {
  const lineEnd = bytes.indexOf('\r\n', start)
  if (lineEnd === -1) return undefined
  const line = bytes.toString('utf8', start + 1, lineEnd)
  const end = lineEnd + 2
  const kind = String.fromCharCode(bytes[start] as number)
  if (kind === '+') return { reply: line, end }
  if (kind === '-') return { reply: new RespError(line), end }
  if (kind === ':') return { reply: Number(line), end }
  const size = Number(line)
  if (size === -1) return { reply: null, end }
  if (kind === '$') {
    if (bytes.length < end + size + 2) return undefined
    return { reply: bytes.toString('utf8', end, end + size), end: end + size + 2 }
  }
  if (kind === '*') return parseItems(bytes, end, size)
  throw new Error(`not a RESP2 reply: ${kind}${line}`)
}

function parseItems(bytes: Buffer, start: number, size: number): Parsed | undefined {
  const reply: Reply[] = []
  let end = start
  while (reply.length < size) {
    const item = parse(bytes, end)
    if (!item) return undefined
    reply.push(item.reply)
    end = item.end
  }
  return { reply, end }
}
