import { waitUntil } from '../../../adapters/test/support/wait-until.js'
import type { TestGateway } from './gateway.js'

/** An event stream that is being read. */
export interface EventStream {
  readonly status: number
  readonly headers: Headers
  /** The data of all events so far, and comments as `:`. */
  readonly events: readonly string[]
  /** Whether the gateway has ended it, in good order. */
  readonly ended: boolean
  /** Resolves when there are so many. */
  received(count: number): Promise<readonly string[]>
  untilEnded(): Promise<void>
  /** The client goes away. */
  leave(): void
}

export async function openStream(gateway: TestGateway, path: string, method = 'POST'): Promise<EventStream> {
  const controller = new AbortController()
  const response = await fetch(`${gateway.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${gateway.token}`, accept: 'text/event-stream' },
    signal: controller.signal,
  })
  const events: string[] = []
  let ended = false
  const read = async () => {
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true })
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      events.push(...blocks.map(dataOf))
    }
    ended = true
  }
  read().catch(() => {}) // aborted: the client has left
  return {
    status: response.status,
    headers: response.headers,
    events,
    get ended() {
      return ended
    },
    received: async (count) => {
      await waitUntil(`there are ${count} events`, () => events.length >= count)
      return events
    },
    untilEnded: async () => {
      await waitUntil('the stream has ended', () => ended)
    },
    leave: () => controller.abort(),
  }
}

function dataOf(block: string): string {
  const lines = block.split('\n')
  return lines[0] === ':' ? ':' : lines.map((line) => line.replace(/^data: /, '')).join('\n')
}
