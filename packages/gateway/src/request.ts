import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Format } from './answer.js'
import { HttpFault } from './http-fault.js'
import type { Argument, Command } from './redis/reply.js'

/** The line of a request, taken apart. */
export interface Url {
  /** Between the slashes, percent-decoded. `/` is none. */
  readonly segments: readonly Buffer[]
  /** In their order, `_token` left out. */
  readonly query: readonly (readonly [name: Buffer, value: Buffer])[]
  readonly token: string | undefined
}

/** @throws HttpFault (400) when something is not percent-encoded as it should be. */
export function parseUrl(url: string): Url {
  const [path = '', ...rest] = url.split('?')
  const segments = path === '/' || path === '' ? [] : path.slice(1).split('/').map(percentDecode)
  const pairs = rest
    .join('?')
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', ...value] = pair.replaceAll('+', '%20').split('=')
      return [percentDecode(name), percentDecode(value.join('='))] as const
    })
  const isToken = ([name]: readonly [Buffer, Buffer]) => name.toString() === '_token'
  return {
    segments,
    query: pairs.filter((pair) => !isToken(pair)),
    token: pairs.find(isToken)?.[1].toString(),
  }
}

/** To bytes, for they need not be text. */
function percentDecode(text: string): Buffer {
  if (/%(?![0-9a-f]{2})/i.test(text)) throw new HttpFault(400, 'ERR the path is not percent-encoded')
  const bytes = Buffer.from(text, 'utf8').toString('latin1')
  return Buffer.from(
    bytes.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}

/** Whether a request shows the token, in a time that tells nothing about it. */
export function createTokenCheck(token: string): (request: IncomingMessage, url: Url) => boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const expected = digest(token)
  return ({ headers }, url) => {
    const [, bearer] = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '') ?? []
    return timingSafeEqual(digest(bearer ?? url.token ?? ''), expected)
  }
}

/** @throws HttpFault (400) for a format that there is not. */
export function formatOf({ headers }: IncomingMessage): Format {
  const format = String(headers['upstash-response-format'] ?? 'json').toLowerCase()
  if (format !== 'json' && format !== 'resp2') {
    throw new HttpFault(400, 'ERR Upstash-Response-Format must be json or resp2')
  }
  const resp2 = format === 'resp2'
  const base64 = String(headers['upstash-encoding'] ?? '').toLowerCase() === 'base64'
  if (resp2 && base64) throw new HttpFault(400, 'ERR Upstash-Encoding cannot be base64 when the response is resp2')
  return { base64, resp2 }
}

/**
 * The body. What comes after too much of it is left to Node, which throws it away: the answer goes out at once all the same.
 * @throws HttpFault (413) when it is larger than `maxBytes`, (408) when it takes longer than `timeoutMs`, (400) when the
 * client leaves before its end.
 */
export function readBody(request: IncomingMessage, maxBytes: number, timeoutMs: number): Promise<Buffer> {
  const tooLarge = () => new HttpFault(413, `ERR max request size exceeded: the limit is ${maxBytes} bytes`)
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) return reject(tooLarge())
    const chunks: Buffer[] = []
    let bytes = 0
    const stop = () => {
      clearTimeout(timer)
      request.off('data', onData)
      chunks.length = 0
    }
    const timer = setTimeout(() => {
      stop()
      // Of what still comes, nobody could tell where the next request begins.
      reject(new HttpFault(408, 'ERR the body did not come in in time', { connection: 'close' }))
    }, timeoutMs)
    const onData = (chunk: Buffer) => {
      bytes += chunk.length
      chunks.push(chunk)
      if (bytes <= maxBytes) return
      stop()
      reject(tooLarge())
    }
    request.on('data', onData)
    request.once('end', () => {
      resolve(Buffer.concat(chunks))
      stop()
    })
    const cut = () => {
      stop()
      reject(new HttpFault(400, 'ERR the request ended before its body did'))
    }
    request.once('close', cut)
    // Where a client leaves in the midst of it, this comes first.
    request.once('error', cut)
  })
}

/** `["SET", "key", "value", "EX", 100]` */
export function parseCommand(body: Buffer): Command {
  return toCommand(parseJson(body))
}

/** `[["SET", "key", "value"], ["GET", "key"]]` */
export function parseCommands(body: Buffer): Command[] {
  const parsed = parseJson(body)
  if (!Array.isArray(parsed)) throw new HttpFault(400, 'ERR the body must be a JSON array of commands')
  if (parsed.length === 0) throw new HttpFault(400, 'ERR empty pipeline request')
  return parsed.map(toCommand)
}

/** `/set/key?EX=100` and, for PUT and POST, the value as the body. */
export function commandOfUrl({ segments, query }: Url, body: Buffer): Command {
  const options = query.flatMap(([name, value]) => (value.length ? [name, value] : [name]))
  return [...segments, ...(body.length ? [body] : []), ...options]
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    throw new HttpFault(400, 'ERR failed to parse the request: the body is not JSON')
  }
}

function toCommand(parsed: unknown): Command {
  if (!Array.isArray(parsed)) throw new HttpFault(400, 'ERR a command must be a JSON array: ["GET", "key"]')
  if (parsed.length === 0) throw new HttpFault(400, 'ERR empty command')
  return parsed.map(toArgument)
}

function toArgument(argument: unknown): Argument {
  if (argument === null) throw new HttpFault(400, 'ERR null args are not supported')
  if (typeof argument === 'object') {
    throw new HttpFault(400, 'ERR arguments must be strings, numbers or booleans')
  }
  return String(argument)
}
