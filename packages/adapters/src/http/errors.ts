import { LarderError, ReplyError, StoreError } from '@larder/core'
import { ADVICE } from '../advice.js'

const failure = (reason: 'timeout' | 'malformed' | 'unavailable', cause?: Error) =>
  new StoreError('http', 'request', reason, cause)

/**
 * What a request failed with as an error of ours, where it was answered or took too long; as it is, where the connection
 * failed. What is no Error is an answer of a shape that the protocol does not know.
 *
 * The client's own messages quote the commands, and the answer where it could not be read. Those are values of the
 * application, so nothing of them is kept.
 */
export function toTypedError(error: unknown, tokenFrom: string): unknown {
  if (!(error instanceof Error)) return failure('malformed')
  if (error instanceof LarderError) return error
  switch (error.name) {
    case 'TimeoutError':
      // Not worth another try: whoever waits so long has waited long enough.
      return Object.assign(failure('timeout'), { retryable: false })
    case 'UpstashError':
      return toReplyError(error.message.replace(/, command was: [\s\S]*$/, ''), tokenFrom)
    case 'UpstashJSONParseError':
    case 'SyntaxError': {
      const what = /: \s*</.test(error.message) ? 'HTML' : 'no JSON, or cut off'
      return failure('malformed', new Error(`the answer is ${what}: is it from the REST endpoint?`))
    }
  }
  return error
}

/** The server's refusal, in its own words, as an error of ours. Without words, it is no reply of the protocol. */
export function toReplyError(text: string | undefined, tokenFrom: string): Error {
  if (typeof text !== 'string') return failure('malformed')
  const cause = new Error(text)
  if (/unauthorized|WRONGPASS|NOAUTH/i.test(text)) {
    const where = tokenFrom === 'token' ? '`token`, or UPSTASH_REDIS_REST_TOKEN' : `\`${tokenFrom}\``
    return new ReplyError('WRONGPASS', cause, `the server knows no such token: look at ${where}`)
  }
  if (/\bmax\b.+\bexceeded/.test(text)) {
    return new ReplyError('LIMIT', cause, 'a limit of the database or of its plan is reached, which `cause` names')
  }
  const reply = /^-?([A-Z]{2,})\b/.exec(text)?.[1]
  return reply ? new ReplyError(reply, cause, ADVICE[reply]) : failure('unavailable', cause)
}
