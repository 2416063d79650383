import type { Adapter, Channels, Subscription } from '../../adapter/adapter.js'
import { escapeGlob } from '../../keys/escape-glob.js'
import { assert, assertEqual } from './assert.js'
import type { Case, Kit } from './kit.js'
import { AWKWARD_TEXT } from './samples.js'

/** An adapter with both halves of pub/sub. */
type Broadcaster = Required<Adapter>

interface Heard {
  readonly message: string
  readonly channel: string
}

/** A case for adapters that say they can subscribe; for others there is nothing to prove. */
function whenSubscribing(name: string, run: (kit: Kit, adapter: Broadcaster) => Promise<void>): Case {
  return {
    name,
    async run(kit) {
      // That both methods are there is a case of its own.
      if (kit.adapter.capabilities.subscribe) await run(kit, kit.adapter as Broadcaster)
    },
  }
}

/** Subscribes and keeps what comes. */
async function listen(adapter: Broadcaster, channels: Channels): Promise<Subscription & { heard: Heard[] }> {
  const heard: Heard[] = []
  const subscription = await adapter.subscribe(channels, {
    onMessage: (message, channel) => heard.push({ message, channel }),
  })
  return { heard, unsubscribe: () => subscription.unsubscribe() }
}

export const pubsub: readonly Case[] = [
  {
    name: 'has publish and subscribe exactly when it says so',
    async run({ adapter }) {
      const { subscribe } = adapter.capabilities
      assertEqual(typeof adapter.subscribe, subscribe ? 'function' : 'undefined', 'the method subscribe')
      assertEqual(typeof adapter.publish, subscribe ? 'function' : 'undefined', 'the method publish')
    },
  },
  whenSubscribing('brings messages to a subscriber of the channel by name, in order', async (kit, adapter) => {
    const { key, until } = kit
    const { heard, unsubscribe } = await listen(adapter, [key('news'), key('sport')])
    await adapter.publish(key('weather'), 'not for us')
    for (const message of ['one', 'two', 'three']) await adapter.publish(key('news'), message)
    await until(() => heard.length >= 3, 'three messages')
    await adapter.publish(key('sport'), 'four')
    await until(() => heard.length >= 4, 'a message on the second channel')
    assertEqual(
      heard.map(({ message }) => message),
      ['one', 'two', 'three', 'four'],
      'the messages',
    )
    const channels = [key('news'), key('news'), key('news'), key('sport')]
    assertEqual(
      heard.map(({ channel }) => channel),
      channels,
      'their channels',
    )
    await unsubscribe()
  }),
  whenSubscribing('brings messages to a subscriber of the channel by pattern, with its name', async (kit, adapter) => {
    const { key, until } = kit
    const corner = escapeGlob(key(''))
    const { heard, unsubscribe } = await listen(adapter, { patterns: [`${corner}user:*`, `${corner}room:[12]`] })
    await adapter.publish(key('users'), 'not for us')
    await adapter.publish(key('room:3'), 'nor this')
    await adapter.publish(key('user:ada'), 'one')
    await until(() => heard.length >= 1, 'a message by the first pattern')
    await adapter.publish(key('room:2'), 'two')
    await until(() => heard.length >= 2, 'a message by the second pattern')
    assertEqual(
      heard.map(({ message }) => message),
      ['one', 'two'],
      'the messages',
    )
    assertEqual(
      heard.map(({ channel }) => channel),
      [key('user:ada'), key('room:2')],
      'their channels',
    )
    await unsubscribe()
  }),
  whenSubscribing('takes a channel name literally', async (kit, adapter) => {
    const { key, until } = kit
    const { heard, unsubscribe } = await listen(adapter, [key('all*')])
    await adapter.publish(key('all of us'), 'not for us')
    await adapter.publish(key('all*'), 'for us')
    await until(() => heard.length >= 1, 'a message')
    assertEqual(
      heard.map(({ message }) => message),
      ['for us'],
      'the messages',
    )
    await unsubscribe()
  }),
  whenSubscribing('carries messages character for character', async (kit, adapter) => {
    const { key, until } = kit
    const { heard, unsubscribe } = await listen(adapter, [key('news')])
    for (const text of AWKWARD_TEXT) await adapter.publish(key('news'), text)
    await until(() => heard.length >= AWKWARD_TEXT.length, 'all messages')
    assertEqual(
      heard.map(({ message }) => message),
      AWKWARD_TEXT,
      'the messages',
    )
    await unsubscribe()
  }),
  whenSubscribing(
    'brings a message to every subscriber, and says how many there were as a number',
    async (kit, adapter) => {
      const { key, until } = kit
      const first = await listen(adapter, [key('news')])
      const second = await listen(adapter, { patterns: [`${escapeGlob(key('ne'))}??`] })
      const reached = await adapter.publish(key('news'), 'hello')
      assert(Number.isInteger(reached) && reached >= 0, `the number of subscribers is a count, not ${reached}`)
      await until(() => first.heard.length > 0 && second.heard.length > 0, 'the message at both subscribers')
      await first.unsubscribe()
      await second.unsubscribe()
    },
  ),
  whenSubscribing('brings nothing more after unsubscribe, which may be called twice', async (kit, adapter) => {
    const { key, until } = kit
    const leaver = await listen(adapter, [key('news')])
    const patternLeaver = await listen(adapter, { patterns: [`${escapeGlob(key('news'))}*`] })
    const witness = await listen(adapter, [key('news')])
    await adapter.publish(key('news'), 'before')
    const everybody = [leaver, patternLeaver, witness]
    await until(() => everybody.every(({ heard }) => heard.length > 0), 'the message at all three')

    await leaver.unsubscribe()
    await leaver.unsubscribe()
    await patternLeaver.unsubscribe()
    await patternLeaver.unsubscribe()
    await adapter.publish(key('news'), 'after')
    await adapter.publish(key('news'), 'long after')
    await until(() => witness.heard.length >= 3, 'the later messages at the subscriber who stayed')
    assertEqual(leaver.heard.length, 1, 'messages at the subscriber who left')
    assertEqual(patternLeaver.heard.length, 1, 'messages at the subscriber by pattern who left')
    await witness.unsubscribe()
  }),
  whenSubscribing('lets a subscriber who left come back', async (kit, adapter) => {
    const { key, until } = kit
    const first = await listen(adapter, [key('news')])
    await first.unsubscribe()
    const second = await listen(adapter, [key('news')])
    await first.unsubscribe()
    await adapter.publish(key('news'), 'hello')
    await until(() => second.heard.length > 0, 'a message at the new subscription')
    assertEqual(first.heard.length, 0, 'messages at the old subscription')
    await second.unsubscribe()
  }),
  whenSubscribing('answers commands while it is subscribed', async (kit, adapter) => {
    const { key, get } = kit
    const { unsubscribe } = await listen(adapter, [key('news')])
    await adapter.set(key('a'), 'A')
    assertEqual(await get(key('a')), 'A', 'the value')
    await unsubscribe()
    assertEqual(await get(key('a')), 'A', 'the value after unsubscribe')
  }),
]
