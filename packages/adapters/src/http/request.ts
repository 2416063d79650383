import type { Connection } from './connect.js'
import type { Post } from './fold.js'

/** One of the two is there, or the server speaks another protocol. */
export interface Reply {
  readonly result?: unknown
  readonly error?: string
}

/** Sends requests, each once, and gives each up in time. */
export function createPost(connect: () => Promise<Connection>): Post<Reply> {
  return async (commands, controller) => {
    const { rest, timeoutMs, tokenFrom } = await connect()
    const { signal } = controller
    const timer = setTimeout(() => controller.abort(new DOMException('', 'TimeoutError')), timeoutMs)
    try {
      const answer = await rest.request({ path: ['pipeline'], body: commands, signal: () => signal })
      if (Array.isArray(answer) && answer.length === commands.length) return answer
      throw answer
    } catch (error) {
      // What an aborted request rejects with depends on how far it was.
      throw (await import('./errors.js')).toTypedError(signal.aborted ? signal.reason : error, tokenFrom)
    } finally {
      clearTimeout(timer)
    }
  }
}
