import { assertEqual } from './assert.js'
import type { Case } from './kit.js'
import { ODD_KEYS } from './samples.js'

export const keys: readonly Case[] = [
  {
    name: 'takes keys as literal text and keeps all of them apart',
    async run({ adapter, key }) {
      const names = ODD_KEYS.map(key)
      await Promise.all(names.map((name, i) => adapter.set(name, `value ${i}`)))
      const answers = await adapter.getMany(names)
      ODD_KEYS.forEach((name, i) => {
        assertEqual(answers[i], `value ${i}`, `the value at ${JSON.stringify(name)}`)
      })
    },
  },
  {
    name: 'finds odd keys by every method',
    async run({ adapter, key, get, pttl }) {
      await Promise.all(
        ODD_KEYS.map(async (odd) => {
          const name = key(odd)
          const what = `of ${JSON.stringify(odd)}`
          assertEqual(await adapter.set(name, 'a', { when: 'absent' }), true, `set when absent ${what}`)
          assertEqual(await adapter.set(name, 'b', { when: { matches: 'a' } }), true, `set when it matches ${what}`)
          assertEqual(await adapter.expireIf(name, 'b', 60_000), true, `expireIf ${what}`)
          assertEqual((await pttl(name)) > 0, true, `that a script finds the ttl ${what}`)
          assertEqual(await adapter.deleteIf(name, 'b'), true, `deleteIf ${what}`)
          assertEqual(await get(name), null, `the value after deleteIf ${what}`)
        }),
      )
    },
  },
  {
    name: 'deletes odd keys, and each alone',
    async run({ adapter, key }) {
      const names = ODD_KEYS.map(key)
      await Promise.all(names.map((name) => adapter.set(name, 'here')))
      for (const [i, name] of names.entries()) {
        assertEqual(await adapter.delete([name]), 1, `delete of ${JSON.stringify(ODD_KEYS[i])}`)
        const left = (await adapter.getMany(names)).filter((value) => value !== null)
        assertEqual(left.length, names.length - i - 1, `keys left after delete of ${JSON.stringify(ODD_KEYS[i])}`)
      }
    },
  },
]
