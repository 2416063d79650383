import { StoreError } from '@larder/core'
import type { Post } from './fold.js'
import type { RestClient } from './rest-client.js'

/** One of the two is there. */
export interface Reply {
  readonly result?: unknown
  readonly error?: string
}

export interface Connection {
  readonly rest: RestClient
  /** The option or the variable that the token is from. */
  readonly tokenFrom: string
  /** Whether it is Upstash's own server. */
  readonly isUpstash: boolean
}

/** Sends requests, each once, and gives each up after `timeoutMs`. */
export function createPost(connect: () => Connection | Promise<Connection>, timeoutMs: number): Post<Reply> {
  return async (commands, controller) => {
    const { rest, tokenFrom } = await connect()
    const { signal } = controller
    // Not worth another try: whoever waited so long waits no longer.
    const tooLong = () =>
      controller.abort(Object.assign(new StoreError('http', 'request', 'timeout'), { retryable: false }))
    const timer = setTimeout(tooLong, timeoutMs)
    try {
      const answer = await rest.request({ path: ['pipeline'], body: commands, signal: () => signal })
      if (Array.isArray(answer) && answer.length === commands.length && answer.every(isReply)) return answer
      throw new StoreError('http', 'request', 'malformed')
    } catch (error) {
      throw signal.aborted ? signal.reason : (await import('./errors.js')).toTypedError(error, tokenFrom)
    } finally {
      clearTimeout(timer)
    }
  }
}

function isReply(item: Reply | undefined | null): boolean {
  return item?.result !== undefined || typeof item?.error === 'string'
}
