import type { Script } from '../../adapter/script.js'
import { assert, assertEqual, assertRejects } from './assert.js'
import type { Case } from './kit.js'
import { AWKWARD_TEXT } from './samples.js'

/** Adds one to a number and gives the sum. KEYS: the number. ARGV: its ttl in ms. */
const count: Script<number> = {
  name: 'contract-count',
  lua: `local count = tonumber(redis.call('GET', KEYS[1]) or '0') + 1
redis.call('SET', KEYS[1], count, 'PX', ARGV[1])
return count`,
  step(view, [key], [ttlMs]) {
    const sum = Number(view.get(key as string) ?? '0') + 1
    view.set(key as string, String(sum), Number(ttlMs))
    return sum
  },
}

/** Moves an amount between two accounts, if it is there. KEYS: from, to. ARGV: the amount. Gives moved or not, and both. */
const transfer: Script<readonly [moved: number, from: number, to: number]> = {
  name: 'contract-transfer',
  lua: `local from, to = tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(redis.call('GET', KEYS[2]) or '0')
local amount = tonumber(ARGV[1])
if amount > from then return { 0, from, to } end
redis.call('SET', KEYS[1], from - amount)
redis.call('SET', KEYS[2], to + amount)
return { 1, from - amount, to + amount }`,
  step(view, [from, to], [amount]) {
    const left = Number(view.get(from as string) ?? '0')
    const there = Number(view.get(to as string) ?? '0')
    if (Number(amount) > left) return [0, left, there]
    view.set(from as string, String(left - Number(amount)))
    view.set(to as string, String(there + Number(amount)))
    return [1, left - Number(amount), there + Number(amount)]
  },
}

/** Puts a text in the place of another and gives that one. KEYS: the place. ARGV: the text. */
const exchange: Script<string | null> = {
  name: 'contract-exchange',
  lua: `local before = redis.call('GET', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1])
return before`,
  step(view, [key], [text]) {
    const before = view.get(key as string)
    view.set(key as string, String(text))
    return before
  },
}

/** Deletes a key and gives its ttl from before and from after. KEYS: the key. */
const remove: Script<readonly [before: number, after: number]> = {
  name: 'contract-remove',
  lua: `local before = redis.call('PTTL', KEYS[1])
redis.call('DEL', KEYS[1])
return { before, redis.call('PTTL', KEYS[1]) }`,
  step(view, [key]) {
    const before = view.pttl(key as string)
    view.delete(key as string)
    return [before, view.pttl(key as string)]
  },
}

/** Gives the store's time, in ms, as text: it is the same on every client. KEYS: any. */
const clock: Script<string> = {
  name: 'contract-clock',
  lua: `local clock = redis.call('TIME')
return string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000))`,
  step: (view) => String(view.nowMs()),
}

/** Fails. KEYS: any. */
const fail: Script<never> = {
  name: 'contract-fail',
  lua: `return redis.error_reply('FAILED on purpose')`,
  step() {
    throw new Error('FAILED on purpose')
  },
}

export const scripts: readonly Case[] = [
  {
    name: 'runs a script that reads, writes with a ttl and gives a number',
    async run({ adapter, key, get, pttl }) {
      assertEqual(await adapter.run(count, [key('n')], [60_000]), 1, 'the first answer')
      assertEqual(await adapter.run(count, [key('n')], [60_000]), 2, 'the second answer')
      assertEqual(await get(key('n')), '2', 'the value')
      const left = await pttl(key('n'))
      assert(left > 0 && left <= 60_000, `the key has the ttl of the script, not ${left}`)
    },
  },
  {
    name: 'sees in a script what was set outside, and outside what a script set',
    async run({ adapter, key, get, pass, shortTtlMs }) {
      await adapter.set(key('n'), '41')
      assertEqual(await adapter.run(count, [key('n')], [60_000]), 42, 'the answer')
      assertEqual(await adapter.set(key('n'), 'x', { when: { matches: '42' } }), true, 'set when it matches')
      await adapter.set(key('n'), '6', { ttlMs: 60_000 })
      assertEqual(await adapter.run(count, [key('n')], [shortTtlMs]), 7, 'the answer')
      await pass(shortTtlMs)
      assertEqual(await get(key('n')), null, 'the value after the ttl that a script gave')
      assertEqual(await adapter.run(count, [key('n')], [60_000]), 1, 'the answer after that')
    },
  },
  {
    name: 'runs a script over two keys of one hash tag and gives a list of numbers',
    async run({ adapter, key }) {
      const accounts = [key('{bank}:ada'), key('{bank}:bob')]
      await adapter.set(accounts[0] as string, '100')
      assertEqual(await adapter.run(transfer, accounts, [30]), [1, 70, 30], 'the answer to a transfer')
      assertEqual(await adapter.run(transfer, accounts, [71]), [0, 70, 30], 'the answer to one too large')
      assertEqual(await adapter.getMany(accounts), ['70', '30'], 'the accounts')
    },
  },
  {
    name: 'runs 50 concurrent scripts one after the other',
    async run({ adapter, key, get }) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => adapter.run(count, [key('n')], [60_000])))
      const expected = Array.from({ length: 50 }, (_, i) => i + 1)
      assertEqual(
        [...answers].sort((a, b) => a - b),
        expected,
        'the answers, sorted',
      )
      assertEqual(await get(key('n')), '50', 'the value')
    },
  },
  {
    name: 'loses nothing between two keys in 50 concurrent scripts',
    async run({ adapter, key }) {
      const there = [key('{bank}:ada'), key('{bank}:bob')]
      const back = [...there].reverse()
      await adapter.set(there[0] as string, '10')
      await adapter.set(there[1] as string, '10')
      await Promise.all(
        Array.from({ length: 50 }, (_, i) => adapter.run(transfer, i % 2 ? there : back, [1 + (i % 5)])),
      )
      const [ada, bob] = (await adapter.getMany(there)).map(Number) as [number, number]
      assert(ada >= 0 && bob >= 0 && ada + bob === 20, `the accounts hold 20 together, not ${ada} and ${bob}`)
    },
  },
  {
    name: 'carries every text into a script and out of it character for character',
    async run({ adapter, key, get }) {
      await Promise.all(
        AWKWARD_TEXT.map(async (text, i) => {
          const at = [key(`${i}`)]
          const what = `the text ${JSON.stringify(text)}`
          assertEqual(await adapter.run(exchange, at, [text]), null, `what was there before ${what}`)
          assertEqual(await get(at[0] as string), text, `${what}, stored by a script`)
          assertEqual(await adapter.run(exchange, at, ['next']), text, `${what}, given by a script`)
        }),
      )
    },
  },
  {
    name: 'tells a script the ttl of a key, and deletes for it',
    async run({ adapter, key, get }) {
      assertEqual(await adapter.run(remove, [key('absent')], []), [-2, -2], 'ttls without the key')
      await adapter.set(key('for ever'), 'A')
      assertEqual(await adapter.run(remove, [key('for ever')], []), [-1, -2], 'ttls of a key without one')
      assertEqual(await get(key('for ever')), null, 'the value')
      await adapter.set(key('short'), 'A', { ttlMs: 60_000 })
      const [before, after] = await adapter.run(remove, [key('short')], [])
      assert(before > 0 && before <= 60_000, `the ttl before is what was set, not ${before}`)
      assertEqual(after, -2, 'the ttl after')
    },
  },
  {
    name: 'has for scripts a clock in whole milliseconds that goes on',
    async run({ adapter, key, pass, shortTtlMs }) {
      const first = Number(await adapter.run(clock, [key('any')], []))
      await pass(shortTtlMs)
      const second = Number(await adapter.run(clock, [key('any')], []))
      assert(Number.isSafeInteger(first) && Number.isSafeInteger(second), `${first} and ${second} are whole`)
      assert(second - first >= shortTtlMs, `${shortTtlMs} ms have passed, not ${second - first}`)
    },
  },
  {
    name: 'rejects when a script fails, and runs the next',
    async run({ adapter, key }) {
      await assertRejects(() => adapter.run(fail, [key('any')], []), 'run of a script that fails')
      assertEqual(await adapter.run(count, [key('n')], [60_000]), 1, 'the answer of the next script')
    },
  },
]
