import { platform } from '../../platform/index.js'
import type { Store } from '../../store/store.js'
import type { Engine, Place, Values } from '../engine.js'
import { headOf } from './basis.js'
import { fillScript } from './fill-script.js'
import { isToldWith, readNews, writeNews } from './news.js'

/** How many announcements are remembered, for callers who ask after they came. */
const MAX_ANNOUNCED = 1_000

/** How the processes that wait for another's load learn that it is over: by a message with the key, or with the entry. */
export interface Wakes {
  /**
   * Resolves when a load of `key` was over at `sinceMs` or is over now, when messages may have been missed, and after
   * `mostMs` at the latest; after `deafMs` where this process cannot listen.
   * @param sinceMs by the platform's clock
   */
  wait(key: string, sinceMs: number, mostMs: number, deafMs: number): Promise<void>
  /**
   * How the leader of a load stores its result, if the others are to be told by the same command.
   * @param values what the load began from, with the lease
   */
  filling(place: Place<never>, values: Values): Filling
  /** Tells all processes that a load is over: by `message`, or without its result. Rejects with `StoreError`. */
  announce(key: string, message?: string): Promise<unknown>
}

export interface Filling {
  /** One that stores results so. */
  readonly engine: Engine
  /** Whether the others know; else the message for them, if their result is in it. */
  told?: true | string
}

const all = new WeakMap<Engine, Wakes | undefined>()

/**
 * `undefined` where the store cannot push messages, or bills each, and on Workers, where a message that one request hears
 * must not settle a promise of another: then waiting is by reading again.
 */
export function wakesOf(engine: Engine): Wakes | undefined {
  if (!all.has(engine)) {
    const { subscribe, payPerCommand } = engine.context.store.adapter.capabilities
    all.set(engine, subscribe && !payPerCommand && !platform.scope() ? createWakes(engine) : undefined)
  }
  return all.get(engine)
}

function createWakes(engine: Engine): Wakes {
  const { context, flights } = engine
  const { store } = context
  const { monotonicMs } = platform
  const isLua = store.adapter.capabilities.scripts === 'lua'
  const channel = `${context.namespace}:$loaded`
  const waiting = new Map<string, Set<() => void>>()
  const announced = new Map<string, number>()
  let listening: Promise<unknown> | undefined
  let listensSinceMs = Number.POSITIVE_INFINITY

  const wake = (key: string) => {
    for (const resolve of waiting.get(key) ?? []) resolve()
  }

  /** What was said while the connection was down, nobody has heard here. */
  const missed = () => {
    listensSinceMs = monotonicMs()
    for (const key of waiting.keys()) wake(key)
  }

  /** One subscription for all keys, kept from the first wait on. A failed attempt is forgotten. */
  function listen(): Promise<unknown> {
    listening ??= store
      .call('subscribe', false, async (to) =>
        to.subscribe?.([channel], {
          // Who waits has a timer that does.
          holdsProcess: false,
          onMessage(message) {
            const news = readNews(message)
            if (!news) return
            const { key } = news
            // Nobody else here waits for it, or was evicted: then only a read can tell.
            const flight = flights.find(key)
            if (flight) flight.news = news
            announced.delete(key)
            announced.set(key, monotonicMs())
            if (announced.size > MAX_ANNOUNCED) announced.delete(announced.keys().next().value as string)
            wake(key)
          },
          onDisconnect: missed,
          onReconnect: missed,
        }),
      )
      .then(
        () => {
          listensSinceMs = monotonicMs()
        },
        (error) => {
          listening = undefined
          throw error
        },
      )
    return listening
  }

  return {
    wait(key, sinceMs, mostMs, deafMs) {
      return new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer)
          const others = waiting.get(key)
          others?.delete(done)
          if (others?.size === 0) waiting.delete(key)
          resolve()
        }
        let timer = setTimeout(done, mostMs)
        const waiters = waiting.get(key) ?? new Set()
        waiting.set(key, waiters.add(done))
        listen().then(
          () => {
            // What was announced before this process listened, nobody has heard here.
            if (listensSinceMs >= sinceMs || (announced.get(key) ?? Number.NEGATIVE_INFINITY) >= sinceMs) done()
          },
          () => {
            clearTimeout(timer)
            if (waiting.get(key)?.has(done)) timer = setTimeout(done, deafMs)
          },
        )
      })
    },
    filling({ key }, values) {
      const set: Store['set'] = async (_, text, options, budgetMs) => {
        if (!isToldWith(text, values)) return store.set(key, text, options, budgetMs)
        const head = writeNews(key, headOf(values[0] as string))
        const args = [values[0] as string, text, options.ttlMs as number, channel, head]
        const outcome = await store.call('run', true, (to, call) => to.run(fillScript, [key], args, call), budgetMs)
        if (outcome) filling.told = (outcome === 1 && isLua) || head + text
        return outcome > 0
      }
      const filling: Filling = { engine: { ...engine, context: { ...context, store: { ...store, set } } } }
      return filling
    },
    announce: (key, message = writeNews(key)) =>
      store.call('publish', true, async (to) => to.publish?.(channel, message)),
  }
}
