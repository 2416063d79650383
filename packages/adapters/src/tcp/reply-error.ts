import { ReplyError } from '@larder/core'
import { ADVICE } from '../advice.js'

/** A rejection of ioredis as an error of ours, where the server answered; as it is, where the connection failed. */
export function toTypedError(error: unknown): unknown {
  const isReply = (error as Error | undefined)?.name === 'ReplyError'
  const reply = isReply ? /^-?([A-Z]+)\b/.exec((error as Error).message)?.[1] : undefined
  return reply && reply !== 'NOSCRIPT' ? new ReplyError(reply, error, ADVICE[reply]) : error
}
