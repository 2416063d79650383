import type { Channels, Listener, Subscription } from '@larder/core'
import type { Cluster, Redis } from 'ioredis'
import { reconnectPause } from './clients.js'

/** Subscriptions over a connection of their own, opened with the first and closed with the last. */
export interface Subscriber {
  subscribe(channels: Channels, listener: Listener): Promise<Subscription>
  close(): void
}

interface Socket {
  ref(): void
  unref(): void
}

interface Reconnecting {
  readonly reconnectTimeout?: Socket | null
}

interface Entry {
  readonly names: ReadonlySet<string>
  readonly byPattern: boolean
  readonly listener: Listener
}

/** @param connect opens a client that comes back by itself */
export function createSubscriber(connect: () => Promise<Redis | Cluster>): Subscriber {
  const entries = new Set<Entry>()
  let opening: Promise<Redis> | undefined

  async function open(): Promise<Redis> {
    const client = (await connect()) as Redis
    client.on('message', (channel, message) => deliver(false, channel, channel, message))
    client.on('pmessage', (pattern, channel, message) => deliver(true, pattern, channel, message))
    // It comes back by itself; what was said meanwhile is missed.
    let disconnects = 0
    client.on('close', () => {
      disconnects++
      for (const { listener } of entries) listener.onDisconnect?.()
    })
    client.on('connect', () => hold(client))
    // ioredis' own pause, which would keep a process that has nothing else to do.
    client.on('reconnecting', () => {
      if (!isHeld()) (client as unknown as Reconnecting).reconnectTimeout?.unref()
    })
    client.on('ready', () => {
      const seen = disconnects
      if (seen === 0) return
      const isCurrent = async () => seen === disconnects && client === (await opening?.catch(() => undefined))
      for (const entry of entries) void comeBack(client, entry, isCurrent)
    })
    hold(client)
    return client
  }

  const isHeld = () => [...entries].some(({ listener }) => listener.holdsProcess !== false)
  /** Keeps the process alive while a listener wants it. The connection inside a cluster client is out of reach. */
  function hold(client: Redis): void {
    const { stream } = client as unknown as { stream?: Socket }
    if (isHeld()) stream?.ref()
    else stream?.unref()
  }

  /** Subscribes anew, and tells when the server listens. Where it refuses, tries again from time to time: rights change. */
  async function comeBack(client: Redis, entry: Entry, isCurrent: () => Promise<boolean>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const isBack = await listen(client, entry).then(
        () => true,
        () => false,
      )
      if (!(await isCurrent()) || !entries.has(entry)) return
      if (isBack) return entry.listener.onReconnect?.()
      await new Promise<void>((resolve) => setTimeout(resolve, reconnectPause(attempt)).unref())
      if (!(await isCurrent()) || !entries.has(entry)) return
    }
  }

  /** Resolves when the server listens for it. */
  async function listen(client: Redis, { names, byPattern }: Entry): Promise<void> {
    if (names.size) await (byPattern ? client.psubscribe(...names) : client.subscribe(...names))
  }

  function deliver(byPattern: boolean, name: string, channel: string, message: string): void {
    for (const entry of entries) {
      if (entry.byPattern === byPattern && entry.names.has(name)) entry.listener.onMessage(message, channel)
    }
  }

  const isUsed = (byPattern: boolean, name: string) =>
    [...entries].some((entry) => entry.byPattern === byPattern && entry.names.has(name))

  function close(): void {
    const closed = opening
    opening = undefined
    closed?.then(
      (client) => client.disconnect(),
      () => {},
    )
  }

  return {
    async subscribe(channels, listener) {
      const byPattern = 'patterns' in channels
      const names = [...new Set(byPattern ? channels.patterns : channels)]
      const entry: Entry = { names: new Set(names), byPattern, listener }
      if (!opening) {
        const attempt = open()
        opening = attempt
        attempt.catch(() => {
          if (opening === attempt) opening = undefined
        })
      }
      // From here on: another's leaving must not close what this one waits for.
      entries.add(entry)
      try {
        const client = await opening
        hold(client)
        await listen(client, entry)
      } catch (error) {
        entries.delete(entry)
        throw error
      }
      return {
        async unsubscribe() {
          if (!entries.delete(entry)) return
          if (entries.size === 0 || !opening) return close()
          const client = await opening
          hold(client)
          const unused = names.filter((name) => !isUsed(byPattern, name))
          if (unused.length) await (byPattern ? client.punsubscribe(...unused) : client.unsubscribe(...unused))
        },
      }
    },
    close() {
      entries.clear()
      close()
    },
  }
}
