import { escapeGlob } from '../../keys/escape-glob.js'
import { assertEqual } from './assert.js'
import type { Case, Kit } from './kit.js'
import { ODD_KEYS } from './samples.js'

/** Sets `names`, deletes by `glob` among them, and compares what is left with `left`. */
async function assertLeaves(kit: Kit, names: readonly string[], glob: string, left: readonly string[]): Promise<void> {
  const { adapter, key } = kit
  const keys = names.map(key)
  await Promise.all(keys.map((name) => adapter.set(name, 'here')))
  const deleted = await adapter.deleteMatching(escapeGlob(key('')) + glob)
  const values = await adapter.getMany(keys)
  const found = names.filter((_, i) => values[i] !== null)
  assertEqual(found, left, `keys left by ${JSON.stringify(glob)}`)
  assertEqual(deleted, names.length - left.length, `keys deleted by ${JSON.stringify(glob)}`)
}

export const globs: readonly Case[] = [
  {
    name: 'deletes by literal text only the key of that text',
    run: (kit) => assertLeaves(kit, ['user', 'user:1', 'users', 'a user'], 'user', ['user:1', 'users', 'a user']),
  },
  {
    name: 'deletes everything under a prefix, and nothing beside it',
    run: (kit) =>
      assertLeaves(
        kit,
        ['user:', 'user:1', 'user:1:name', 'user:line\nbreak', 'user', 'users:1', 'my user:1'],
        'user:*',
        ['user', 'users:1', 'my user:1'],
      ),
  },
  {
    name: 'takes a star for any text in any place, none included',
    run: (kit) => assertLeaves(kit, ['a:b', 'a:1:b', 'a:1:b:c', 'x:a:b'], 'a:*b', ['a:1:b:c', 'x:a:b']),
  },
  {
    name: 'takes a question mark for exactly one character',
    run: (kit) => assertLeaves(kit, ['a', 'ab', 'a?', 'abc', 'b'], 'a?', ['a', 'abc', 'b']),
  },
  {
    name: 'takes a set for one of its characters',
    run: (kit) => assertLeaves(kit, ['a1', 'a2', 'a3', 'a[12]', 'a12', 'a'], 'a[12]', ['a3', 'a[12]', 'a12', 'a']),
  },
  {
    name: 'takes a range for one of the characters in it',
    run: (kit) => assertLeaves(kit, ['a', 'm', 'z', 'M', '5', '-'], '[b-z]', ['a', 'M', '5', '-']),
  },
  {
    name: 'takes a negated set for one character that is not in it',
    run: (kit) => assertLeaves(kit, ['xa', 'xb', 'xc', 'x^', 'x', 'xcc'], 'x[^ab]', ['xa', 'xb', 'x', 'xcc']),
  },
  {
    name: 'takes what a backslash precedes literally',
    run: (kit) => assertLeaves(kit, ['a*', 'ab', 'a', 'a\\*', 'abc*'], 'a\\*', ['ab', 'a', 'a\\*', 'abc*']),
  },
  {
    name: 'takes what means something in other pattern languages literally',
    run: (kit) =>
      assertLeaves(kit, ['a.b', 'axb', 'a+', 'aa', '(a|b)', 'a', '$'], 'a.b', ['axb', 'a+', 'aa', '(a|b)', 'a', '$']),
  },
  {
    name: 'deletes by an escaped key that key alone, however odd',
    async run(kit) {
      const { adapter, key } = kit
      const names = ODD_KEYS.map(key)
      await Promise.all(names.map((name) => adapter.set(name, 'here')))
      for (const [i, name] of names.entries()) {
        const what = JSON.stringify(ODD_KEYS[i])
        assertEqual(await adapter.deleteMatching(escapeGlob(name)), 1, `keys deleted by ${what}`)
        const values = await adapter.getMany(names)
        const left = values.filter((value) => value !== null).length
        assertEqual(left, names.length - i - 1, `keys left by ${what}`)
        assertEqual(values[i], null, `the value at ${what}`)
      }
    },
  },
  {
    name: 'deletes 1,000 keys by a glob and counts them',
    async run(kit) {
      const names = Array.from({ length: 1_000 }, (_, i) => `many:${i}`)
      await assertLeaves(kit, [...names, 'few:1'], 'many:*', ['few:1'])
    },
  },
  {
    name: 'deletes nothing where nothing fits',
    run: (kit) => assertLeaves(kit, ['a', 'b'], 'c*', ['a', 'b']),
  },
  {
    name: 'does not count what had expired',
    async run({ adapter, key, pass, shortTtlMs }) {
      await adapter.set(key('old'), 'A', { ttlMs: shortTtlMs })
      await adapter.set(key('new'), 'B')
      await pass(shortTtlMs)
      assertEqual(await adapter.deleteMatching(`${escapeGlob(key(''))}*`), 1, 'deleted')
    },
  },
]
