import { encodeReply, type Reply, ReplyFault, Status } from './redis/reply.js'

/** How a client wants its answer. */
export interface Format {
  /** `Upstash-Encoding: base64` */
  readonly base64: boolean
  /** `Upstash-Response-Format: resp2` */
  readonly resp2: boolean
}

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string | Buffer
}

/** The answer to one command. */
export function answerOne(reply: Reply, format: Format): Answer {
  const status = reply instanceof ReplyFault ? 400 : 200
  if (format.resp2) return { status, type: 'application/octet-stream', body: encodeReply(reply) }
  return json(status, toRecord(reply, format))
}

/** The answer to many. One that failed does not make the others fail. */
export function answerMany(replies: readonly Reply[], format: Format): Answer {
  if (format.resp2) {
    return { status: 200, type: 'application/octet-stream', body: Buffer.concat(replies.map(encodeReply)) }
  }
  return json(200, `[${replies.map((reply) => toRecord(reply, format)).join(',')}]`)
}

export function answerFault(status: number, message: string): Answer {
  return json(status, JSON.stringify({ error: message }))
}

function json(status: number, body: string): Answer {
  return { status, type: 'application/json', body }
}

function toRecord(reply: Reply, { base64 }: Format): string {
  if (reply instanceof ReplyFault) return `{"error":${JSON.stringify(reply.message)}}`
  // The one text that goes out as it is: clients know it by sight, and only here.
  if (reply instanceof Status && reply.text === 'OK') return '{"result":"OK"}'
  return `{"result":${toJson(reply, base64)}}`
}

function toJson(reply: Reply, base64: boolean): string {
  // Numbers beyond those that JavaScript can count in as well, digit by digit.
  if (reply === null || typeof reply === 'number' || typeof reply === 'bigint') return String(reply)
  if (Array.isArray(reply)) return `[${reply.map((item) => toJson(item, base64)).join(',')}]`
  if (Buffer.isBuffer(reply)) return base64 ? `"${reply.toString('base64')}"` : JSON.stringify(reply.toString())
  const text = reply instanceof Status ? reply.text : reply.message
  return base64 ? `"${Buffer.from(text).toString('base64')}"` : JSON.stringify(text)
}
