import { type Channels, type Listener, type Subscription, UsageError } from '@larder/core'
import type { Connection } from './connect.js'
import { toReplyError } from './errors.js'
import { readEvents } from './event-stream.js'
import { fromWire } from './wire-message.js'

export { toWire } from './wire-message.js'

/** Subscriptions by event streams, one for each channel or pattern: more than one is not promised by the protocol. */
export interface Subscriber {
  subscribe(channels: Channels, listener: Listener): Promise<Subscription>
  close(): void
}

/** The pause before the next attempt: full jitter, up to 2 s. */
const reconnectPauseMs = (attempt: number) => Math.random() * Math.min(2_000, 50 * 2 ** attempt)

export function createSubscriber(connect: () => Promise<Connection>): Subscriber {
  const open = new Set<AbortController>()

  /** Resolves once messages arrive, and goes on from there until `signal` aborts. */
  async function follow(name: string, byPattern: boolean, listener: Listener, signal: AbortSignal): Promise<void> {
    // The client's own subscription does not tell when its stream has ended.
    const begin = async () => {
      const { rest, timeoutMs, tokenFrom } = await connect()
      const late = new AbortController()
      const timer = setTimeout(() => late.abort(new Error('the stream took too long to begin')), timeoutMs)
      try {
        const events = await openStream(rest, tokenFrom, name, byPattern, AbortSignal.any([signal, late.signal]))
        // The first says that the subscription is there.
        if ((await events.next()).done) throw new Error('the stream ended at once')
        return events
      } finally {
        clearTimeout(timer)
      }
    }
    let events = await begin()

    async function listen(): Promise<void> {
      for (;;) {
        try {
          for await (const event of events) deliver(event, name, byPattern, listener)
        } catch {
          // As good as ended.
        }
        if (signal.aborted) return
        listener.onDisconnect?.()
        for (let attempt = 0; ; attempt++) {
          await pause(reconnectPauseMs(attempt), signal)
          if (signal.aborted) return
          try {
            events = await begin()
            listener.onReconnect?.()
            break
          } catch {
            // Until it is back.
          }
        }
      }
    }
    void listen()
  }

  return {
    async subscribe(channels, listener) {
      const byPattern = 'patterns' in channels
      const names = [...new Set(byPattern ? channels.patterns : channels)]
      if (names.some((name) => /[\r\n]/.test(name))) {
        throw new UsageError('ERR_INVALID_OPTION', '`channels` must be without line ends over HTTP', 'channels')
      }
      const controller = new AbortController()
      open.add(controller)
      const unsubscribe = async () => {
        open.delete(controller)
        controller.abort()
      }
      try {
        await Promise.all(names.map((name) => follow(name, byPattern, listener, controller.signal)))
      } catch (error) {
        await unsubscribe()
        throw error
      }
      return { unsubscribe }
    },
    close() {
      for (const controller of open) controller.abort()
      open.clear()
    },
  }
}

async function openStream(
  { baseUrl, headers }: Connection['rest'],
  tokenFrom: string,
  name: string,
  byPattern: boolean,
  signal: AbortSignal,
): Promise<AsyncGenerator<string, void>> {
  if (!baseUrl) {
    throw new UsageError('ERR_INVALID_OPTION', '`client` must have a URL of its own to subscribe', 'client')
  }
  const response = await fetch(`${baseUrl}/${byPattern ? 'psubscribe' : 'subscribe'}/${encodeURIComponent(name)}`, {
    method: 'POST',
    headers: { ...headers, accept: 'text/event-stream' },
    body: '[]',
    signal,
  })
  if (response.ok && response.body) return readEvents(response.body)
  const text = await response.text()
  let words = `the answer has HTTP status ${response.status}`
  try {
    words = (JSON.parse(text) as { error?: string }).error ?? words
  } catch {
    // Of no use to anybody.
  }
  throw toReplyError(words, tokenFrom)
}

/** `message,<channel>,<text>`, or `pmessage,<pattern>,<channel>,<text>`. Both may hold commas, so what is known goes first. */
function deliver(event: string, name: string, byPattern: boolean, listener: Listener): void {
  const head = `${byPattern ? 'pmessage' : 'message'},${name},`
  if (!event.startsWith(head)) return
  const rest = event.slice(head.length)
  const comma = byPattern ? rest.indexOf(',') : -1
  listener.onMessage(fromWire(rest.slice(comma + 1)), byPattern ? rest.slice(0, comma) : name)
}

/** Ends early when `signal` aborts, and keeps no process alive. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    ;(timer as { unref?: () => void }).unref?.()
    signal.addEventListener('abort', end)
  })
}
