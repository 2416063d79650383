import { assert, assertEqual, assertInvalidOption } from './assert.js'
import type { Case, Kit } from './kit.js'

const LONG_MS = 600_000
const INVALID: readonly number[] = [0, -0, -1, -1_000, 0.5, 1.5, Number.NaN, Number.POSITIVE_INFINITY]

/** @throws Error unless about `ttlMs` is left: a store that took seconds for milliseconds is far off. */
async function assertLeft(kit: Kit, key: string, ttlMs: number): Promise<void> {
  const left = await kit.pttl(key)
  const { ttlGranularityMs } = kit.adapter.capabilities
  assert(left > ttlMs - 60_000 && left <= ttlMs + ttlGranularityMs, `about ${ttlMs} ms are left, not ${left}`)
}

export const ttl: readonly Case[] = [
  {
    name: 'keeps a value without a ttl for ever',
    async run({ adapter, key, pttl, get, pass, shortTtlMs }) {
      await adapter.set(key('a'), 'A')
      assertEqual(await pttl(key('a')), -1, 'what is left of its ttl')
      await pass(shortTtlMs)
      assertEqual(await get(key('a')), 'A', 'the value later')
    },
  },
  {
    name: 'keeps a value until its ttl is over, and no longer',
    async run(kit) {
      const { adapter, key, get, pass, shortTtlMs } = kit
      await adapter.set(key('a'), 'A', { ttlMs: LONG_MS })
      assertEqual(await get(key('a')), 'A', 'the value at first')
      await assertLeft(kit, key('a'), LONG_MS)

      await adapter.set(key('b'), 'B', { ttlMs: shortTtlMs })
      if (kit.exactTime) {
        await pass(shortTtlMs - 1)
        assertEqual(await get(key('b')), 'B', 'the value one millisecond before its end')
        await pass(1)
      } else {
        await pass(shortTtlMs)
      }
      assertEqual(await get(key('b')), null, 'the value after its ttl')
      assertEqual(await get(key('a')), 'A', 'a value with time left')
    },
  },
  {
    name: 'takes the shortest ttl and a ttl of ten years',
    async run({ adapter, key, get, pass }) {
      const tenYearsMs = 315_360_000_000
      const shortestMs = adapter.capabilities.ttlGranularityMs
      assertEqual(await adapter.set(key('short'), 'A', { ttlMs: shortestMs }), true, `a ttl of ${shortestMs} ms`)
      assertEqual(await adapter.set(key('long'), 'B', { ttlMs: tenYearsMs }), true, 'a ttl of ten years')
      await pass(shortestMs)
      assertEqual(await get(key('short')), null, 'the short-lived value')
      assertEqual(await get(key('long')), 'B', 'the long-lived value')
    },
  },
  {
    name: 'refuses a ttl that is no positive integer, and changes nothing',
    async run({ adapter, key, get, pttl }) {
      await adapter.set(key('a'), 'A')
      for (const ttlMs of INVALID) {
        await assertInvalidOption(() => adapter.set(key('a'), 'B', { ttlMs }), `set with a ttl of ${ttlMs}`)
        await assertInvalidOption(() => adapter.set(key('new'), 'B', { ttlMs }), `set anew with a ttl of ${ttlMs}`)
        await assertInvalidOption(
          () => adapter.set(key('new'), 'B', { ttlMs, when: 'absent' }),
          `set when absent with a ttl of ${ttlMs}`,
        )
        await assertInvalidOption(
          () => adapter.set(key('a'), 'B', { ttlMs, when: { matches: 'A' } }),
          `set when it matches with a ttl of ${ttlMs}`,
        )
        await assertInvalidOption(() => adapter.expireIf(key('a'), 'A', ttlMs), `expireIf with a ttl of ${ttlMs}`)
        assertEqual(await adapter.getMany([key('a'), key('new')]), ['A', null], `values after a ttl of ${ttlMs}`)
      }
      assertEqual(await pttl(key('a')), -1, 'what is left of the ttl')
      assertEqual(await get(key('a')), 'A', 'the value')
    },
  },
  {
    name: 'counts the ttl anew with every set',
    async run(kit) {
      const { adapter, key, get, pass, shortTtlMs } = kit
      await adapter.set(key('a'), 'A', { ttlMs: shortTtlMs })
      await adapter.set(key('a'), 'B', { ttlMs: LONG_MS })
      await assertLeft(kit, key('a'), LONG_MS)
      await pass(shortTtlMs)
      assertEqual(await get(key('a')), 'B', 'the value after the time of the first set')
    },
  },
  {
    name: 'forgets an earlier ttl when a set has none',
    async run({ adapter, key, get, pttl, pass, shortTtlMs }) {
      await adapter.set(key('a'), 'A', { ttlMs: shortTtlMs })
      await adapter.set(key('a'), 'B')
      assertEqual(await pttl(key('a')), -1, 'what is left of the ttl')
      await pass(shortTtlMs)
      assertEqual(await get(key('a')), 'B', 'the value after the time of the first set')
    },
  },
  {
    name: 'lets only the expired of many keys go',
    async run({ adapter, key, pass, shortTtlMs }) {
      await adapter.set(key('short'), 'A', { ttlMs: shortTtlMs })
      await adapter.set(key('long'), 'B', { ttlMs: LONG_MS })
      await adapter.set(key('for ever'), 'C')
      await pass(shortTtlMs)
      const asked = [key('short'), key('long'), key('for ever'), key('short')]
      assertEqual(await adapter.getMany(asked), [null, 'B', 'C', null], 'getMany')
    },
  },
  {
    name: 'treats an expired key as absent in every method',
    async run({ adapter, key, get, pttl, pass, shortTtlMs }) {
      const names = ['delete', 'deleteIf', 'expireIf', 'matches', 'absent', 'script'].map(key)
      await Promise.all(names.map((name) => adapter.set(name, 'old', { ttlMs: shortTtlMs })))
      await pass(shortTtlMs)
      assertEqual(await adapter.delete([key('delete')]), 0, 'delete')
      assertEqual(await adapter.deleteIf(key('deleteIf'), 'old'), false, 'deleteIf')
      assertEqual(await adapter.expireIf(key('expireIf'), 'old', LONG_MS), false, 'expireIf')
      assertEqual(await get(key('expireIf')), null, 'the value after expireIf')
      const whenMatches = { when: { matches: 'old' } }
      assertEqual(await adapter.set(key('matches'), 'new', whenMatches), false, 'set when it matches')
      assertEqual(await get(key('matches')), null, 'the value after set when it matches')
      assertEqual(await adapter.set(key('absent'), 'new', { when: 'absent' }), true, 'set when absent')
      assertEqual(await get(key('absent')), 'new', 'the value after set when absent')
      assertEqual(await pttl(key('absent')), -1, 'what is left of the ttl after set when absent')
      assertEqual(await pttl(key('script')), -2, 'the ttl that a script sees')
    },
  },
]
