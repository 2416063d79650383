import type { Channels, Listener } from '../adapter/adapter.js'
import { LarderError } from '../errors/larder-error.js'
import { escapeGlob } from '../keys/escape-glob.js'
import { busChannel } from '../keys/layout.js'
import { shared } from '../platform/shared.js'
import type { Context } from '../store/toolkit.js'
import { sleep } from '../time/timer.js'
import type { BusListener, BusSubscribeOptions } from './bus.js'

/** The most milliseconds until a subscription is there: it may take a connection of its own. */
const SUBSCRIBE_BUDGET_MS = 5_000

export interface Subscribed {
  unsubscribe(): Promise<void>
}

/** The subscriptions of a toolkit, those still under way too. */
const subscriptions = () => shared('subscriptions', () => new WeakMap<Context, Set<Subscribed>>())

/** Listens for an application: reads its messages, keeps its errors apart, and can be ended by {@link endAll}. */
export async function listen(
  context: Context,
  channels: Channels,
  listener: BusListener,
  { onDisconnect, onReconnect }: BusSubscribeOptions,
): Promise<Subscribed> {
  const { namespace, store, events, serializer } = context
  const corner = busChannel(namespace, '')
  const wanted =
    'patterns' in channels
      ? { patterns: channels.patterns.map((pattern) => escapeGlob(corner) + pattern) }
      : channels.map((channel) => corner + channel)
  const names = 'patterns' in wanted ? wanted.patterns : wanted
  let ended = false

  const run = async (channel: string, call: () => unknown) => {
    try {
      await call()
    } catch (error) {
      events.emit({ type: 'listenerFailed', channel, error })
    }
  }
  // Reading may take a moment, and a message must not overtake the one before it.
  let before: Promise<unknown> | undefined
  const deliver = (value: unknown, channel: string) => {
    if (!ended) void run(channel, () => listener(value, channel.slice(corner.length)))
  }
  const receive = (text: string, channel: string): void | Promise<void> => {
    try {
      const value = serializer.deserialize(text, channel)
      if (!isPromise(value)) return deliver(value, channel)
      return value.then(
        (late) => deliver(late, channel),
        (error: unknown) => events.emit({ type: 'listenerFailed', channel, error }),
      )
    } catch (error) {
      events.emit({ type: 'listenerFailed', channel, error })
    }
  }
  const onMessage = (text: string, channel: string) => {
    if (ended) return
    const read = before ? before.then(() => receive(text, channel)) : receive(text, channel)
    if (!read) return
    before = read
    void read.then(() => {
      if (before === read) before = undefined
    })
  }
  const notice = (state: 'disconnected' | 'reconnected', tell: (() => unknown) | undefined) => () => {
    // An attempt that fails is no disconnect: the caller is told otherwise.
    if (ended || !opened) return
    events.emit({ type: 'bus', state, channels: names })
    if (tell) void run(names.join(), tell)
  }
  const forAdapter: Listener = {
    onMessage,
    onDisconnect: notice('disconnected', onDisconnect),
    onReconnect: notice('reconnected', onReconnect),
  }

  let opened: Subscribed | undefined
  const all = subscriptions().get(context) ?? new Set()
  subscriptions().set(context, all)
  const subscription: Subscribed = {
    async unsubscribe() {
      ended = true
      all.delete(subscription)
      // For the listener it is over, whatever the store says and however long it takes to say it.
      const waiting = new AbortController()
      const done = opened?.unsubscribe().catch(() => {})
      await Promise.race([done, sleep(store.budgetMs, waiting.signal).catch(() => {})])
      waiting.abort()
    },
  }
  all.add(subscription)
  try {
    await store.call(
      'subscribe',
      false,
      async (to) => {
        opened = await (to.subscribe as NonNullable<typeof to.subscribe>)(wanted, forAdapter)
        // Too late: nobody waits for it any more.
        if (ended) await opened.unsubscribe()
      },
      SUBSCRIBE_BUDGET_MS,
    )
  } catch (error) {
    ended = true
    all.delete(subscription)
    throw error
  }
  if (ended) throw new LarderError('ERR_CLOSED', 'the toolkit was closed while this subscription was made')
  return subscription
}

/** Ends all subscriptions of a toolkit. Never rejects. */
export async function endAll(context: Context): Promise<void> {
  await Promise.all([...(subscriptions().get(context) ?? [])].map((each) => each.unsubscribe()))
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | null | undefined)?.then === 'function'
}
