import type { Adapter } from '@larder/core'
import type { Server } from './commands.js'
import type { Connection } from './connect.js'
import type { Subscriber } from './subscriber.js'

/** Publish and subscribe, and what ends all subscriptions. For places where a request may last as long as one. */
export interface PubSub extends Required<Pick<Adapter, 'publish' | 'subscribe'>> {
  close(): void
}

export interface PubSubServer extends Pick<Server, 'send' | 'resultOf'> {
  connect(): Promise<Connection>
  /** @throws LarderError (`ERR_CLOSED`) */
  assertOpen(): void
}

export function createPubSub({ send, resultOf, connect, assertOpen }: PubSubServer): PubSub {
  const load = () => import('./subscriber.js')
  let subscriber: Subscriber | undefined
  return {
    async publish(channel, message) {
      const { toWire } = await load()
      return (await resultOf(await send(['PUBLISH', channel, toWire(message)]))) as number
    },
    async subscribe(channels, listener) {
      const { createSubscriber } = await load()
      assertOpen()
      subscriber ??= createSubscriber(connect)
      return subscriber.subscribe(channels, listener)
    },
    close: () => subscriber?.close(),
  }
}
