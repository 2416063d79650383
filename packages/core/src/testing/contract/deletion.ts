import { assertEqual } from './assert.js'
import type { Case } from './kit.js'

export const deletion: readonly Case[] = [
  {
    name: 'deletes many keys at once and counts those that were there',
    async run({ adapter, key }) {
      await adapter.set(key('a'), 'A')
      await adapter.set(key('b'), '')
      await adapter.set(key('c'), 'C')
      assertEqual(await adapter.delete([key('a'), key('absent'), key('b')]), 2, 'deleted')
      assertEqual(await adapter.getMany([key('a'), key('b'), key('c')]), [null, null, 'C'], 'the values')
    },
  },
  {
    name: 'counts a key once that is deleted twice',
    async run({ adapter, key }) {
      await adapter.set(key('a'), 'A')
      assertEqual(await adapter.delete([key('a'), key('a')]), 1, 'deleted in one call')
      assertEqual(await adapter.delete([key('a')]), 0, 'deleted in the next call')
    },
  },
  {
    name: 'deletes no keys without complaint',
    async run({ adapter }) {
      assertEqual(await adapter.delete([]), 0, 'deleted')
    },
  },
  {
    name: 'deletes 1,000 keys in one call',
    async run({ adapter, key }) {
      const names = Array.from({ length: 1_000 }, (_, i) => key(`${i}`))
      await Promise.all(names.map((name) => adapter.set(name, 'here')))
      assertEqual(await adapter.delete(names), 1_000, 'deleted')
      const left = (await adapter.getMany(names)).filter((value) => value !== null)
      assertEqual(left.length, 0, 'keys left')
    },
  },
  {
    name: 'forgets the ttl of a deleted key',
    async run({ adapter, key, get, pttl, pass, shortTtlMs }) {
      await adapter.set(key('a'), 'A', { ttlMs: shortTtlMs })
      await adapter.delete([key('a')])
      await adapter.set(key('a'), 'B')
      assertEqual(await pttl(key('a')), -1, 'what is left of the ttl')
      await pass(shortTtlMs)
      assertEqual(await get(key('a')), 'B', 'the value after the time of the deleted key')
    },
  },
]
