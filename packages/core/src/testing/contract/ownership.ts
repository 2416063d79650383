import { assert, assertEqual } from './assert.js'
import type { Case } from './kit.js'

const LONG_MS = 600_000

/** `deleteIf` and `expireIf`: what locks and leases stand on. */
export const ownership: readonly Case[] = [
  {
    name: 'deletes by value for the owner, and once',
    async run({ adapter, key, get }) {
      await adapter.set(key('a'), 'owner')
      assertEqual(await adapter.deleteIf(key('a'), 'owner'), true, 'deleteIf')
      assertEqual(await get(key('a')), null, 'the value')
      assertEqual(await adapter.deleteIf(key('a'), 'owner'), false, 'deleteIf again')
    },
  },
  {
    name: 'deletes by value for nobody else',
    async run({ adapter, key, get }) {
      await adapter.set(key('a'), 'owner')
      for (const matches of ['other', 'own', 'owner ', 'Owner', '']) {
        assertEqual(await adapter.deleteIf(key('a'), matches), false, `deleteIf by '${matches}'`)
      }
      assertEqual(await get(key('a')), 'owner', 'the value')
    },
  },
  {
    name: 'finds nothing to delete or extend by empty text where there is nothing',
    async run({ adapter, key, get }) {
      assertEqual(await adapter.deleteIf(key('a'), ''), false, 'deleteIf')
      assertEqual(await adapter.expireIf(key('a'), '', LONG_MS), false, 'expireIf')
      assertEqual(await get(key('a')), null, 'the value')
    },
  },
  {
    name: 'extends by value for the owner, and leaves the value as it is',
    async run({ adapter, key, get, pttl, pass, shortTtlMs }) {
      await adapter.set(key('a'), 'owner', { ttlMs: shortTtlMs })
      assertEqual(await adapter.expireIf(key('a'), 'owner', LONG_MS), true, 'expireIf')
      assert((await pttl(key('a'))) > LONG_MS - 60_000, 'the key has its new ttl')
      await pass(shortTtlMs)
      assertEqual(await get(key('a')), 'owner', 'the value after the time it had at first')
    },
  },
  {
    name: 'shortens by value as well, and gives a ttl where there was none',
    async run({ adapter, key, pass, shortTtlMs }) {
      await adapter.set(key('long'), 'owner', { ttlMs: LONG_MS })
      await adapter.set(key('for ever'), 'owner')
      assertEqual(await adapter.expireIf(key('long'), 'owner', shortTtlMs), true, 'expireIf of a long ttl')
      assertEqual(await adapter.expireIf(key('for ever'), 'owner', shortTtlMs), true, 'expireIf without a ttl')
      await pass(shortTtlMs)
      assertEqual(await adapter.getMany([key('long'), key('for ever')]), [null, null], 'the values')
    },
  },
  {
    name: 'extends by value for nobody else',
    async run({ adapter, key, get, pttl, pass, shortTtlMs }) {
      await adapter.set(key('short'), 'owner', { ttlMs: shortTtlMs })
      await adapter.set(key('for ever'), 'owner')
      assertEqual(await adapter.expireIf(key('short'), 'other', LONG_MS), false, 'expireIf by another')
      assertEqual(await adapter.expireIf(key('for ever'), 'other', shortTtlMs), false, 'expireIf by another')
      assertEqual(await pttl(key('for ever')), -1, 'the ttl of a key without one')
      await pass(shortTtlMs)
      assertEqual(await get(key('short')), null, 'the value after its ttl')
      assertEqual(await get(key('for ever')), 'owner', 'the value without a ttl')
    },
  },
  {
    name: 'hands a key over when its ttl ends: the new owner may extend and delete, the old one may not',
    async run({ adapter, key, get, pttl, pass, shortTtlMs }) {
      const take = (token: string, ttlMs: number) => adapter.set(key('lock'), token, { when: 'absent', ttlMs })
      assertEqual(await take('old', shortTtlMs), true, 'the take of the old owner')
      assertEqual(await take('new', LONG_MS), false, 'a take while it is held')
      await pass(shortTtlMs)
      assertEqual(await take('new', LONG_MS), true, 'the take of the new owner')

      assertEqual(await adapter.expireIf(key('lock'), 'old', shortTtlMs), false, 'expireIf by the old owner')
      assertEqual(await adapter.deleteIf(key('lock'), 'old'), false, 'deleteIf by the old owner')
      assertEqual(await get(key('lock')), 'new', 'the owner')
      await pass(shortTtlMs)
      assertEqual(await get(key('lock')), 'new', 'the owner later')

      assertEqual(await adapter.expireIf(key('lock'), 'new', 2 * LONG_MS), true, 'expireIf by the new owner')
      assert((await pttl(key('lock'))) > LONG_MS, 'the key has the new ttl of the new owner')
      assertEqual(await adapter.deleteIf(key('lock'), 'new'), true, 'deleteIf by the new owner')
      assertEqual(await get(key('lock')), null, 'what remains')
      assertEqual(await take('old', LONG_MS), true, 'a take after that')
    },
  },
  {
    name: 'deletes by value for exactly one of 50 concurrent calls',
    async run({ adapter, key }) {
      await adapter.set(key('a'), 'owner')
      const deleted = await Promise.all(Array.from({ length: 50 }, () => adapter.deleteIf(key('a'), 'owner')))
      assertEqual(deleted.filter(Boolean).length, 1, 'calls that deleted it')
    },
  },
]
