import { assert, assertEqual } from './assert.js'
import type { Case } from './kit.js'

/** What a call gave, or the mark of a rejection. */
const REJECTED = Symbol('rejected')
const settle = <T>(call: Promise<T>): Promise<T | typeof REJECTED> => call.catch(() => REJECTED)

/** An adapter may ignore a signal or heed it. What it may not do is give up and call that an answer. */
export const abort: readonly Case[] = [
  {
    name: 'answers rightly or rejects when the caller had given up before',
    async run({ adapter, key, get }) {
      await adapter.set(key('a'), 'A')
      const call = { signal: AbortSignal.abort() }
      const read = await settle(adapter.getMany([key('a')], call))
      if (read !== REJECTED) assertEqual(read, ['A'], 'what a read answered')
      const stored = await settle(adapter.set(key('b'), 'B', call))
      if (stored !== REJECTED) assertEqual([stored, await get(key('b'))], [true, 'B'], 'what a set said and did')
      const deleted = await settle(adapter.deleteIf(key('a'), 'A', call))
      if (deleted !== REJECTED)
        assertEqual([deleted, await get(key('a'))], [true, null], 'what a deleteIf said and did')
    },
  },
  {
    name: 'answers rightly or rejects when the caller gives up meanwhile',
    async run({ adapter, key }) {
      await adapter.set(key('a'), 'A')
      const controller = new AbortController()
      const reads = Array.from({ length: 10 }, () => settle(adapter.getMany([key('a')], { signal: controller.signal })))
      controller.abort()
      for (const read of await Promise.all(reads)) {
        if (read !== REJECTED) assertEqual(read, ['A'], 'what a read answered')
      }
    },
  },
  {
    name: 'goes on for others when one caller gives up',
    async run({ adapter, key, get }) {
      await adapter.set(key('a'), 'A')
      const controller = new AbortController()
      const given = settle(adapter.getMany([key('a')], { signal: controller.signal }))
      const kept = adapter.getMany([key('a')])
      controller.abort()
      assertEqual(await kept, ['A'], 'what a read of another caller answered')
      await given
      assertEqual(await get(key('a')), 'A', 'what a later read answered')
    },
  },
  {
    name: 'takes no notice of a signal that aborts after the answer',
    async run({ adapter, key, get }) {
      const controller = new AbortController()
      const { signal } = controller
      assert(await adapter.set(key('a'), 'A', { signal, ttlMs: 60_000 }), 'the set was stored')
      controller.abort()
      assertEqual(await get(key('a')), 'A', 'the value')
    },
  },
]
