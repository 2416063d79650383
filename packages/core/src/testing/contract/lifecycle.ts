import type { Adapter } from '../../adapter/adapter.js'
import type { Script } from '../../adapter/script.js'
import { assert, assertEqual, assertRejects } from './assert.js'
import type { Case } from './kit.js'

/** KEYS: any. */
const one: Script<number> = { name: 'contract-one', lua: 'return 1', step: () => 1 }

export const lifecycle: readonly Case[] = [
  {
    name: 'says what it is and what it can do',
    async run({ adapter }) {
      const { subscribe, scripts, atomicSet, ttlGranularityMs, budgetMs } = adapter.capabilities
      assert(typeof adapter.name === 'string' && adapter.name !== '', 'the name is a string, not empty')
      for (const [name, flag] of Object.entries({ subscribe, atomicSet })) {
        assertEqual(typeof flag, 'boolean', `the type of capabilities.${name}`)
      }
      assert(scripts === 'lua' || scripts === 'step', `capabilities.scripts is 'lua' or 'step', not ${scripts}`)
      assert(Number.isInteger(ttlGranularityMs) && ttlGranularityMs > 0, 'ttlGranularityMs is a positive integer')
      assert(
        budgetMs === undefined || (budgetMs > 0 && budgetMs < Number.POSITIVE_INFINITY),
        'budgetMs, where it is given, is a positive number',
      )
    },
  },
  {
    name: 'measures a round trip in milliseconds',
    async run({ adapter }) {
      const roundTripMs = await adapter.ping()
      assert(roundTripMs >= 0 && roundTripMs < Number.POSITIVE_INFINITY, `a duration of 0 or more, not ${roundTripMs}`)
    },
  },
  {
    name: 'gives its client',
    async run({ adapter }) {
      const client = await adapter.client()
      assert(client !== undefined && client !== null, 'there is a client')
    },
  },
  {
    name: 'serves many callers at once from its very first use',
    async run({ adapter, key }) {
      const names = Array.from({ length: 50 }, (_, i) => key(`${i}`))
      const first = await Promise.all([
        ...names.map((name, i) => adapter.set(name, `value ${i}`)),
        adapter.getMany([key('absent')]).then(([value]) => value === null),
        adapter.ping().then((roundTripMs) => roundTripMs >= 0),
      ])
      assertEqual(first.filter(Boolean).length, 52, 'calls that did what they were asked')
      const expected = names.map((_, i) => `value ${i}`)
      assertEqual(await adapter.getMany(names), expected, 'getMany after that')
    },
  },
  {
    name: 'can be closed before it was used',
    async run({ adapter }) {
      await adapter.close()
    },
  },
  {
    name: 'can be closed twice, also at once',
    async run({ adapter, get, key }) {
      await get(key('a'))
      await Promise.all([adapter.close(), adapter.close()])
      await adapter.close()
    },
  },
  {
    name: 'rejects every call after it was closed',
    async run({ adapter, key }) {
      const channel = key('news')
      const calls: Readonly<Record<string, (adapter: Adapter) => Promise<unknown> | undefined>> = {
        getMany: (to) => to.getMany([key('a')]),
        set: (to) => to.set(key('a'), 'A'),
        delete: (to) => to.delete([key('a')]),
        deleteIf: (to) => to.deleteIf(key('a'), 'A'),
        expireIf: (to) => to.expireIf(key('a'), 'A', 1_000),
        deleteMatching: (to) => to.deleteMatching(key('a')),
        run: (to) => to.run(one, [key('a')], []),
        ping: (to) => to.ping(),
        client: (to) => to.client(),
        ...(adapter.publish && { publish: (to) => to.publish?.(channel, 'hello') }),
        ...(adapter.subscribe && { subscribe: (to) => to.subscribe?.([channel], { onMessage() {} }) }),
      }
      await adapter.ping()
      await adapter.close()
      for (const [method, call] of Object.entries(calls)) {
        await assertRejects(async () => call(adapter), `${method} after close`)
      }
    },
  },
]
