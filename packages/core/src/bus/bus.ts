import type { Channels } from '../adapter/adapter.js'
import { invalidOption, UsageError } from '../errors/usage-error.js'
import { busChannel } from '../keys/layout.js'
import type { Context, Toolkit } from '../store/toolkit.js'
import { listen, type Subscribed } from './listen.js'

/**
 * Gets each message in the order of arrival, and the channel that it was published to. It may be asynchronous; the next
 * message does not wait for it. What it throws or rejects with goes to the event `listenerFailed`, and nowhere else.
 */
export type BusListener<Message = unknown> = (message: Message, channel: string) => unknown

/** What a subscriber may want to know of its connection. Messages that are sent in between are lost. */
export interface BusSubscribeOptions {
  /** The connection broke. It comes back by itself. */
  readonly onDisconnect?: () => unknown
  /** Messages arrive again. The moment to read anew what they would have told. */
  readonly onReconnect?: () => unknown
}

/** What `bus.subscribe` gives. `await using` ends it with its block. */
export interface BusSubscription extends AsyncDisposable {
  /** The listener gets nothing more from this call on. Idempotent. Never rejects. */
  unsubscribe(): Promise<void>
}

/**
 * Messages between processes: publish and subscribe over the toolkit's adapter, within its namespace.
 *
 * At most once, as Redis does it: a message reaches those who listen at that moment, and is kept nowhere. Messages are
 * written by the toolkit's serializer, so a Date arrives as a Date.
 */
export interface Bus {
  /**
   * Sends `message` to everybody who listens to `channel`, in this process too. It is sent once: when the answer is lost,
   * the call rejects although the message may have arrived.
   *
   * @param message anything that could be a cached result; `undefined` and `null` are messages like any other
   * @returns how many subscriptions it reached, as far as the store knows; on a cluster, those of one node
   * @throws StoreError when the store fails; UncacheableValueError when `message` could not arrive as it is;
   * UsageError (`ERR_BUS_UNSUPPORTED`) when the adapter cannot publish
   *
   * @example
   * await bus.publish('user:42', { text: 'hello', at: new Date() })
   */
  publish<Message = unknown>(channel: string, message: Message): Promise<number>
  /**
   * Listens to channels by name, or by Redis globs (`*`, `?`, `[a-z]`, `\` escapes). Resolves once messages arrive.
   *
   * The connection comes back by itself after a fault, and `onDisconnect` says that messages may have been missed.
   * `close()` ends all subscriptions.
   *
   * @throws StoreError when the store fails or takes longer than five seconds; UsageError (`ERR_BUS_UNSUPPORTED`) when
   * the adapter cannot subscribe, as over HTTP on Workers
   *
   * @example
   * const subscription = await bus.subscribe<Order>({ patterns: ['user:*'] }, (order, channel) => {
   *   console.log(channel, order.id)
   * })
   * await subscription.unsubscribe()
   */
  subscribe<Message = unknown>(
    channels: Channels,
    listener: BusListener<Message>,
    options?: BusSubscribeOptions,
  ): Promise<BusSubscription>
}

/** Makes `bus` for a toolkit. */
export function createBus(toolkit: Toolkit): Bus {
  return {
    async publish(channel, message) {
      const context = toolkit.context()
      const name = busChannel(context.namespace, assertChannel(channel))
      if (!context.store.adapter.publish) throw unsupported(context, 'publish')
      const text = await context.serializer.serialize(message, name)
      return context.store.call('publish', false, (to) => (to.publish as Publish)(name, text))
    },
    async subscribe(channels, listener, options = {}) {
      const context = toolkit.context()
      assertChannels(channels)
      if (typeof listener !== 'function') throw invalidOption('listener', 'must be a function')
      if (!context.store.adapter.subscribe) throw unsupported(context, 'subscribe')
      const subscription: Subscribed = await listen(context, channels, listener as BusListener, options)
      return { ...subscription, [Symbol.asyncDispose]: subscription.unsubscribe }
    },
  }
}

type Publish = (channel: string, message: string) => Promise<number>

function assertChannel(channel: unknown, option = 'channel'): string {
  if (typeof channel !== 'string' || channel === '') throw invalidOption(option, 'must be a string, not empty')
  return channel
}

function assertChannels(channels: Channels): void {
  const names = Array.isArray(channels) ? channels : (channels as { patterns?: unknown } | undefined)?.patterns
  if (!Array.isArray(names) || names.length === 0) {
    throw invalidOption('channels', 'must be a list of names, or { patterns: [...] }, not empty')
  }
  for (const name of names) assertChannel(name, 'channels')
}

function unsupported({ store }: Context, verb: 'publish' | 'subscribe'): UsageError {
  return new UsageError(
    'ERR_BUS_UNSUPPORTED',
    `the ${store.adapter.name} adapter cannot ${verb} here: messages need one that holds a connection, such as tcp()`,
    'adapter',
  )
}
