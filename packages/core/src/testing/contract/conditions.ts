import { assert, assertEqual } from './assert.js'
import type { Case } from './kit.js'

const LONG_MS = 600_000
const CONTENDERS = Array.from({ length: 50 }, (_, i) => `contender ${i}`)

export const conditions: readonly Case[] = [
  {
    name: 'stores when absent only where there is nothing, and leaves what is there as it is',
    async run({ adapter, key, get, pttl }) {
      assertEqual(await adapter.set(key('a'), 'first', { when: 'absent' }), true, 'the first set')
      assertEqual(await adapter.set(key('a'), 'second', { when: 'absent', ttlMs: LONG_MS }), false, 'the second set')
      assertEqual(await get(key('a')), 'first', 'the value')
      assertEqual(await pttl(key('a')), -1, 'its ttl')
    },
  },
  {
    name: 'counts an empty value as present',
    async run({ adapter, key, get }) {
      await adapter.set(key('a'), '')
      assertEqual(await adapter.set(key('a'), 'A', { when: 'absent' }), false, 'set when absent')
      assertEqual(await get(key('a')), '', 'the value')
    },
  },
  {
    name: 'stores when absent together with its ttl',
    async run({ adapter, key, get, pttl, pass, shortTtlMs }) {
      await adapter.set(key('long'), 'A', { when: 'absent', ttlMs: LONG_MS })
      assert((await pttl(key('long'))) > 0, 'the key has a ttl')
      await adapter.set(key('short'), 'A', { when: 'absent', ttlMs: shortTtlMs })
      await pass(shortTtlMs)
      assertEqual(await get(key('short')), null, 'the value after its ttl')
      assertEqual(await adapter.set(key('short'), 'B', { when: 'absent' }), true, 'set when absent again')
    },
  },
  {
    name: 'stores when absent again after a delete',
    async run({ adapter, key, get }) {
      await adapter.set(key('a'), 'first', { when: 'absent' })
      await adapter.delete([key('a')])
      assertEqual(await adapter.set(key('a'), 'second', { when: 'absent' }), true, 'set when absent')
      assertEqual(await get(key('a')), 'second', 'the value')
    },
  },
  {
    name: 'lets exactly one of 50 concurrent sets when absent win, and keeps the value of the winner',
    async run({ adapter, key, get }) {
      const won = await Promise.all(
        CONTENDERS.map((value) => adapter.set(key('a'), value, { when: 'absent', ttlMs: LONG_MS })),
      )
      const winners = CONTENDERS.filter((_, i) => won[i])
      assertEqual(winners.length, 1, 'winners')
      assertEqual(await get(key('a')), winners[0], 'the value')
    },
  },
  {
    name: 'replaces a value only while it matches',
    async run({ adapter, key, get }) {
      await adapter.set(key('a'), 'one')
      const whenOne = { when: { matches: 'one' } }
      assertEqual(await adapter.set(key('a'), 'two', whenOne), true, 'set when it matches')
      assertEqual(await get(key('a')), 'two', 'the value after a match')
      assertEqual(await adapter.set(key('a'), 'three', whenOne), false, 'set when it no longer matches')
      assertEqual(await get(key('a')), 'two', 'the value after a mismatch')
    },
  },
  {
    name: 'compares whole values, not their beginnings or their numbers',
    async run({ adapter, key, get }) {
      await adapter.set(key('a'), '10')
      for (const matches of ['1', '100', '10.0', '10 ', ' 10', '1e1', '']) {
        assertEqual(await adapter.set(key('a'), 'new', { when: { matches } }), false, `a match by '${matches}'`)
      }
      assertEqual(await get(key('a')), '10', 'the value')
    },
  },
  {
    name: 'does not create a key that has to match',
    async run({ adapter, key, get }) {
      assertEqual(await adapter.set(key('a'), 'new', { when: { matches: 'old' } }), false, 'a match by text')
      assertEqual(await adapter.set(key('a'), 'new', { when: { matches: '' } }), false, 'a match by empty text')
      assertEqual(await get(key('a')), null, 'the value')
    },
  },
  {
    name: 'matches an empty value by empty text',
    async run({ adapter, key, get }) {
      await adapter.set(key('a'), '')
      assertEqual(await adapter.set(key('a'), 'new', { when: { matches: '' } }), true, 'set when it matches')
      assertEqual(await get(key('a')), 'new', 'the value')
    },
  },
  {
    name: 'gives the ttl of a set that matched, and none of one that did not',
    async run({ adapter, key, pttl }) {
      await adapter.set(key('a'), 'one')
      await adapter.set(key('a'), 'two', { when: { matches: 'other' }, ttlMs: LONG_MS })
      assertEqual(await pttl(key('a')), -1, 'the ttl after a mismatch')
      await adapter.set(key('a'), 'two', { when: { matches: 'one' }, ttlMs: LONG_MS })
      assert((await pttl(key('a'))) > 0, 'the key has a ttl after a match')
      await adapter.set(key('a'), 'three', { when: { matches: 'two' } })
      assertEqual(await pttl(key('a')), -1, 'the ttl after a match by a set without one')
    },
  },
  {
    name: 'lets exactly one of 50 concurrent sets replace what all of them saw',
    async run({ adapter, key, get }) {
      await adapter.set(key('a'), 'seen')
      const won = await Promise.all(
        CONTENDERS.map((value) => adapter.set(key('a'), value, { when: { matches: 'seen' } })),
      )
      const winners = CONTENDERS.filter((_, i) => won[i])
      assertEqual(winners.length, 1, 'winners')
      assertEqual(await get(key('a')), winners[0], 'the value')
    },
  },
]
