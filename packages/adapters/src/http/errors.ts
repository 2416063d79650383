import { LarderError, ReplyError, StoreError } from '@larder/core'

/**
 * What the client rejects with as an error of ours, where the server answered; as it is, where the connection failed.
 *
 * The client's own messages quote the commands, and the answer where it could not be read. Those are values of the
 * application, so nothing of them is kept.
 */
export function toTypedError(error: unknown, tokenFrom: string): unknown {
  if (!(error instanceof Error) || error instanceof LarderError) return error
  if (error.name === 'UpstashError') {
    return toReplyError(error.message.replace(/, command was: [\s\S]*$/, ''), tokenFrom)
  }
  if (error.name === 'UpstashJSONParseError' || error instanceof SyntaxError) {
    const what = /: \s*</.test(error.message) ? 'HTML' : 'no JSON, or cut off'
    return new StoreError('http', 'request', 'malformed', new Error(`the answer is ${what}: is it a REST endpoint?`))
  }
  return error
}

/** The server's refusal, in its own words, as an error of ours. */
export function toReplyError(text: string, tokenFrom: string): Error {
  const cause = new Error(text)
  if (/unauthorized|WRONGPASS|NOAUTH/i.test(text)) {
    return new ReplyError('WRONGPASS', cause, `the server knows no such token: look at ${variable(tokenFrom)}`)
  }
  if (/\bmax\b.+\bexceeded/.test(text)) {
    return new ReplyError('LIMIT', cause, 'a limit of the database or its plan is reached, which `cause` names')
  }
  const reply = /^-?([A-Z]{2,})\b/.exec(text)?.[1]
  return reply ? new ReplyError(reply, cause) : new StoreError('http', 'request', 'unavailable', cause)
}

function variable(tokenFrom: string): string {
  return tokenFrom === 'token' ? '`token`, as in UPSTASH_REDIS_REST_TOKEN' : tokenFrom
}
