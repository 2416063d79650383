import { assertEqual } from './assert.js'
import type { Case } from './kit.js'
import { AWKWARD_TEXT } from './samples.js'

export const values: readonly Case[] = [
  {
    name: 'answers null for a key that was never set',
    async run({ adapter, key }) {
      assertEqual(await adapter.getMany([key('absent')]), [null], 'getMany')
    },
  },
  {
    name: 'answers the last value set, and says that it was stored',
    async run({ adapter, key, get }) {
      assertEqual(await adapter.set(key('a'), 'first'), true, 'the first set')
      assertEqual(await adapter.set(key('a'), 'second'), true, 'the second set')
      assertEqual(await get(key('a')), 'second', 'the value')
    },
  },
  {
    name: 'answers many keys in the order they were asked for, misses in their places',
    async run({ adapter, key }) {
      await adapter.set(key('a'), 'A')
      await adapter.set(key('b'), 'B')
      await adapter.set(key('c'), 'C')
      const asked = [key('c'), key('absent'), key('a'), key('gone'), key('b')]
      assertEqual(await adapter.getMany(asked), ['C', null, 'A', null, 'B'], 'getMany')
    },
  },
  {
    name: 'answers a key that is asked for twice twice',
    async run({ adapter, key }) {
      await adapter.set(key('a'), 'A')
      const asked = [key('a'), key('absent'), key('a'), key('absent'), key('a')]
      assertEqual(await adapter.getMany(asked), ['A', null, 'A', null, 'A'], 'getMany')
    },
  },
  {
    name: 'answers no keys with an empty list',
    async run({ adapter }) {
      assertEqual(await adapter.getMany([]), [], 'getMany of no keys')
    },
  },
  {
    name: 'answers 1,000 keys at once',
    async run({ adapter, key }) {
      const names = Array.from({ length: 1_000 }, (_, i) => key(`${i}`))
      await Promise.all(names.map((name, i) => adapter.set(name, `value ${i}`)))
      const expected = names.map((_, i) => `value ${i}`)
      assertEqual(await adapter.getMany(names), expected, 'getMany of 1,000 keys')
    },
  },
  {
    name: 'keeps an empty value, which is not a miss',
    async run({ adapter, key }) {
      await adapter.set(key('empty'), '')
      assertEqual(await adapter.getMany([key('empty'), key('absent')]), ['', null], 'getMany')
    },
  },
  {
    name: 'gives every text back character for character',
    async run({ adapter, key }) {
      const names = AWKWARD_TEXT.map((_, i) => key(`${i}`))
      await Promise.all(names.map((name, i) => adapter.set(name, AWKWARD_TEXT[i] as string)))
      const answers = await adapter.getMany(names)
      AWKWARD_TEXT.forEach((text, i) => {
        assertEqual(answers[i], text, `the text ${JSON.stringify(text)}`)
      })
    },
  },
  {
    name: 'gives long text back character for character',
    async run({ adapter, key, get }) {
      const long = '0123456789abcdef'.repeat(6_400)
      const wide = 'é😀"\\\n'.repeat(10_000)
      await adapter.set(key('long'), long)
      await adapter.set(key('wide'), wide)
      assertEqual(await get(key('long')), long, '100 KB of ASCII')
      assertEqual(await get(key('wide')), wide, '100 KB of wide characters, quotes and line ends')
    },
  },
  {
    name: 'finds that every text matches itself',
    async run({ adapter, key, get }) {
      await Promise.all(
        AWKWARD_TEXT.map(async (text, i) => {
          const what = `the text ${JSON.stringify(text)}`
          const at = key(`${i}`)
          await adapter.set(at, text)
          assertEqual(await adapter.expireIf(at, text, 60_000), true, `expireIf by ${what}`)
          assertEqual(await adapter.set(at, text, { when: { matches: text } }), true, `set when it matches ${what}`)
          assertEqual(await adapter.deleteIf(at, text), true, `deleteIf by ${what}`)
          assertEqual(await get(at), null, `the value after deleteIf by ${what}`)
        }),
      )
    },
  },
]
