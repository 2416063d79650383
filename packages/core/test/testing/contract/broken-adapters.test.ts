import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Adapter, memory } from '../../../src/index.js'
import { adapterContract } from '../../../src/testing/index.js'

/** An adapter with one thing wrong with it, and a case that must find it out. */
interface Flaw {
  readonly flaw: string
  readonly foundBy: string
  spoil(store: Adapter): Partial<Adapter>
}

const later = () => new Promise<void>((resolve) => setTimeout(resolve, 0))
const read = async (store: Adapter, key: string) => (await store.getMany([key]))[0] ?? null

const FLAWS: readonly Flaw[] = [
  {
    flaw: 'ignores ttls',
    foundBy: 'keeps a value until its ttl is over, and no longer',
    spoil: (store) => ({ set: (key, value, { ttlMs: _, ...rest } = {}) => store.set(key, value, rest) }),
  },
  {
    flaw: 'takes ttls for seconds',
    foundBy: 'keeps a value until its ttl is over, and no longer',
    spoil: (store) => ({
      set: (key, value, options) =>
        store.set(key, value, options?.ttlMs ? { ...options, ttlMs: 1_000 * options.ttlMs } : options),
    }),
  },
  {
    flaw: 'rounds ttls up to a second and says it does not',
    foundBy: 'takes the shortest ttl and a ttl of ten years',
    spoil: (store) => ({
      set: (key, value, options) =>
        store.set(key, value, options?.ttlMs ? { ...options, ttlMs: Math.max(1_000, options.ttlMs) } : options),
    }),
  },
  {
    flaw: 'takes a ttl of 0 for no ttl',
    foundBy: 'refuses a ttl that is no positive integer, and changes nothing',
    spoil: (store) => ({
      set: (key, value, { ttlMs, ...rest } = {}) => store.set(key, value, ttlMs ? { ...rest, ttlMs } : rest),
    }),
  },
  {
    flaw: 'refuses a bad ttl only after it has written',
    foundBy: 'refuses a ttl that is no positive integer, and changes nothing',
    spoil: (store) => ({
      async set(key, value, { ttlMs, ...rest } = {}) {
        const stored = await store.set(key, value, rest)
        return ttlMs === undefined ? stored : store.set(key, value, { ttlMs })
      },
    }),
  },
  {
    flaw: 'keeps an earlier ttl when a set has none',
    foundBy: 'forgets an earlier ttl when a set has none',
    spoil(store) {
      const ttls = new Map<string, number>()
      return {
        set(key, value, options) {
          const ttlMs = options?.ttlMs ?? ttls.get(key)
          if (ttlMs !== undefined) ttls.set(key, ttlMs)
          return store.set(key, value, ttlMs === undefined ? options : { ...options, ttlMs })
        },
      }
    },
  },
  {
    flaw: 'ignores `absent`',
    foundBy: 'stores when absent only where there is nothing, and leaves what is there as it is',
    spoil: (store) => ({
      set: (key, value, { when, ...rest } = {}) =>
        store.set(key, value, when && when !== 'absent' ? { ...rest, when } : rest),
    }),
  },
  {
    flaw: 'looks and then writes, for `absent`',
    foundBy: 'lets exactly one of 50 concurrent sets when absent win, and keeps the value of the winner',
    spoil: (store) => ({
      async set(key, value, options) {
        if (options?.when !== 'absent') return store.set(key, value, options)
        if ((await read(store, key)) !== null) return false
        const { when: _, ...rest } = options
        return store.set(key, value, rest)
      },
    }),
  },
  {
    flaw: 'looks and then writes, for `matches`',
    foundBy: 'lets exactly one of 50 concurrent sets replace what all of them saw',
    spoil: (store) => ({
      async set(key, value, options) {
        if (typeof options?.when !== 'object') return store.set(key, value, options)
        if ((await read(store, key)) !== options.when.matches) return false
        const { when: _, ...rest } = options
        return store.set(key, value, rest)
      },
    }),
  },
  {
    flaw: 'says that a refused set was stored',
    foundBy: 'replaces a value only while it matches',
    spoil: (store) => ({
      async set(key, value, options) {
        await store.set(key, value, options)
        return true
      },
    }),
  },
  {
    flaw: 'sets the ttl of a refused set all the same',
    foundBy: 'stores when absent only where there is nothing, and leaves what is there as it is',
    spoil: (store) => ({
      async set(key, value, options) {
        const stored = await store.set(key, value, options)
        const current = await read(store, key)
        if (!stored && options?.ttlMs && current !== null) await store.expireIf(key, current, options.ttlMs)
        return stored
      },
    }),
  },
  {
    flaw: 'takes empty text to match an absent key',
    foundBy: 'does not create a key that has to match',
    spoil: (store) => ({
      async set(key, value, options) {
        const { when, ...rest } = options ?? {}
        const absent = typeof when === 'object' && when.matches === '' && (await read(store, key)) === null
        return store.set(key, value, absent ? rest : options)
      },
    }),
  },
  {
    flaw: 'counts an empty value as absent',
    foundBy: 'counts an empty value as present',
    spoil: (store) => ({
      async set(key, value, options) {
        const { when, ...rest } = options ?? {}
        return store.set(key, value, when === 'absent' && !(await read(store, key)) ? rest : options)
      },
    }),
  },
  {
    flaw: 'deletes without a look at the value',
    foundBy: 'deletes by value for nobody else',
    spoil: (store) => ({ deleteIf: async (key) => (await store.delete([key])) > 0 }),
  },
  {
    flaw: 'extends without a look at the value',
    foundBy: 'extends by value for nobody else',
    spoil: (store) => ({
      async expireIf(key, _matches, ttlMs) {
        const current = await read(store, key)
        return current !== null && store.expireIf(key, current, ttlMs)
      },
    }),
  },
  {
    flaw: 'holds on to the first owner of a key for ever',
    foundBy: 'hands a key over when its ttl ends: the new owner may extend and delete, the old one may not',
    spoil(store) {
      const owners = new Map<string, string>()
      return {
        async set(key, value, options) {
          const stored = await store.set(key, value, options)
          if (stored && !owners.has(key)) owners.set(key, value)
          return stored
        },
        deleteIf: async (key, matches) => owners.get(key) === matches && (await store.delete([key])) > 0,
      }
    },
  },
  {
    flaw: 'writes the value anew when it extends, even if it is gone',
    foundBy: 'treats an expired key as absent in every method',
    spoil: (store) => ({ expireIf: (key, matches, ttlMs) => store.set(key, matches, { ttlMs }) }),
  },
  {
    flaw: 'takes an empty value for a miss',
    foundBy: 'keeps an empty value, which is not a miss',
    spoil: (store) => ({ getMany: async (keys) => (await store.getMany(keys)).map((value) => value || null) }),
  },
  {
    flaw: 'answers only what it finds',
    foundBy: 'answers many keys in the order they were asked for, misses in their places',
    spoil: (store) => ({ getMany: async (keys) => (await store.getMany(keys)).filter((value) => value !== null) }),
  },
  {
    flaw: 'answers each key once',
    foundBy: 'answers a key that is asked for twice twice',
    spoil: (store) => ({ getMany: (keys) => store.getMany([...new Set(keys)]) }),
  },
  {
    flaw: 'answers in the order of the alphabet',
    foundBy: 'answers many keys in the order they were asked for, misses in their places',
    spoil: (store) => ({ getMany: (keys) => store.getMany([...keys].sort()) }),
  },
  {
    flaw: 'parses what looks like JSON',
    foundBy: 'gives every text back character for character',
    spoil: (store) => ({
      getMany: async (keys) =>
        (await store.getMany(keys)).map((value) => {
          try {
            return value && JSON.parse(value)
          } catch {
            return value
          }
        }),
    }),
  },
  {
    flaw: 'trims values',
    foundBy: 'gives every text back character for character',
    spoil: (store) => ({ set: (key, value, options) => store.set(key, value.trim(), options) }),
  },
  {
    flaw: 'cuts long values',
    foundBy: 'gives long text back character for character',
    spoil: (store) => ({ set: (key, value, options) => store.set(key, value.slice(0, 65_536), options) }),
  },
  {
    flaw: 'does not tell keys apart by case',
    foundBy: 'takes keys as literal text and keeps all of them apart',
    spoil: (store) => ({
      set: (key, value, options) => store.set(key.toLowerCase(), value, options),
      getMany: (keys) => store.getMany(keys.map((key) => key.toLowerCase())),
    }),
  },
  {
    flaw: 'puts keys into a path unescaped, where a client ends them at `?`',
    foundBy: 'takes keys as literal text and keeps all of them apart',
    spoil: (store) => ({
      set: (key, value, options) => store.set(key.replace(/\?.*/s, ''), value, options),
      getMany: (keys) => store.getMany(keys.map((key) => key.replace(/\?.*/s, ''))),
    }),
  },
  {
    flaw: 'counts the keys it was told to delete, not those that were there',
    foundBy: 'deletes many keys at once and counts those that were there',
    spoil: (store) => ({
      async delete(keys) {
        await store.delete(keys)
        return keys.length
      },
    }),
  },
  {
    flaw: 'takes a glob for a prefix',
    foundBy: 'deletes by literal text only the key of that text',
    spoil: (store) => ({ deleteMatching: (pattern) => store.deleteMatching(`${pattern.replace(/\*$/, '')}*`) }),
  },
  {
    flaw: 'does not know the backslash in a glob',
    foundBy: 'takes what a backslash precedes literally',
    spoil: (store) => ({ deleteMatching: (pattern) => store.deleteMatching(pattern.replaceAll('\\', '')) }),
  },
  {
    flaw: 'stops after one page of matching keys',
    foundBy: 'deletes 1,000 keys by a glob and counts them',
    spoil: (store) => ({
      async deleteMatching(pattern) {
        const keys = [...((await store.client()) as Map<string, unknown>).keys()]
        return keys.length > 100 ? store.delete(keys.slice(0, 100)) : store.deleteMatching(pattern)
      },
    }),
  },
  {
    flaw: 'runs the parts of a script as calls of their own',
    foundBy: 'runs 50 concurrent scripts one after the other',
    spoil: (store) => ({
      async run(script, keys, args) {
        const seen = await store.getMany(keys)
        const writes: (() => unknown)[] = []
        const answer = script.step(
          {
            nowMs: Date.now,
            pttl: () => -1,
            get: (key) => seen[keys.indexOf(key)] ?? null,
            set: (key, value, ttlMs) => writes.push(() => store.set(key, value, ttlMs ? { ttlMs } : {})),
            delete: (key) => writes.push(() => store.delete([key])),
          },
          keys,
          args,
        )
        for (const write of writes) await write()
        return answer
      },
    }),
  },
  {
    flaw: 'gives the numbers of a script as text',
    foundBy: 'runs a script over two keys of one hash tag and gives a list of numbers',
    spoil: (store) => ({
      run: async (script, keys, args) => {
        const answer: unknown = await store.run(script, keys, args)
        return (Array.isArray(answer) ? answer.map(String) : answer) as never
      },
    }),
  },
  {
    flaw: 'resolves when a script fails',
    foundBy: 'rejects when a script fails, and runs the next',
    spoil: (store) => ({ run: (script, keys, args) => store.run(script, keys, args).catch(() => null as never) }),
  },
  {
    flaw: 'runs a script a second time',
    foundBy: 'takes a lock once, and numbers its holders upwards',
    spoil: (store) => ({
      async run(script, keys, args) {
        await store.run(script, keys, args)
        return store.run(script, keys, args)
      },
    }),
  },
  {
    flaw: 'says that it can subscribe, and cannot',
    foundBy: 'has publish and subscribe exactly when it says so',
    spoil: () => ({ subscribe: undefined as never }),
  },
  {
    flaw: 'says that it cannot subscribe, and can',
    foundBy: 'has publish and subscribe exactly when it says so',
    spoil: (store) => ({ capabilities: { ...store.capabilities, subscribe: false } }),
  },
  {
    flaw: 'takes channel names for patterns',
    foundBy: 'takes a channel name literally',
    spoil: (store) => ({
      subscribe: async (channels, listener) => {
        const patterns = 'patterns' in channels ? channels.patterns : channels
        return (await store.subscribe?.({ patterns }, listener)) as never
      },
    }),
  },
  {
    flaw: 'names the pattern where the channel belongs',
    foundBy: 'brings messages to a subscriber of the channel by pattern, with its name',
    spoil: (store) => ({
      subscribe: async (channels, listener) => {
        const name = 'patterns' in channels ? channels.patterns[0] : undefined
        const onMessage = (message: string, channel: string) => listener.onMessage(message, name ?? channel)
        return (await store.subscribe?.(channels, { onMessage })) as never
      },
    }),
  },
  {
    flaw: 'goes on with messages after unsubscribe',
    foundBy: 'brings nothing more after unsubscribe, which may be called twice',
    spoil: (store) => ({
      async subscribe(channels, listener) {
        await store.subscribe?.(channels, listener)
        return { async unsubscribe() {} }
      },
    }),
  },
  {
    flaw: 'ends every subscription to a channel with one of them',
    foundBy: 'brings nothing more after unsubscribe, which may be called twice',
    spoil(store) {
      const all = new Set<{ unsubscribe(): Promise<void> }>()
      return {
        async subscribe(channels, listener) {
          const subscription = await store.subscribe?.(channels, listener)
          if (subscription) all.add(subscription)
          return { unsubscribe: async () => void (await Promise.all([...all].map((each) => each.unsubscribe()))) }
        },
      }
    },
  },
  {
    flaw: 'calls an aborted read a miss',
    foundBy: 'answers rightly or rejects when the caller had given up before',
    spoil: (store) => ({
      getMany: (keys, call) => (call?.signal?.aborted ? Promise.resolve(keys.map(() => null)) : store.getMany(keys)),
    }),
  },
  {
    flaw: 'calls a read a miss that is aborted under way',
    foundBy: 'answers rightly or rejects when the caller gives up meanwhile',
    spoil: (store) => ({
      async getMany(keys, call) {
        await later()
        return call?.signal?.aborted ? keys.map(() => null) : store.getMany(keys)
      },
    }),
  },
  {
    flaw: 'fails while its first call is under way',
    foundBy: 'serves many callers at once from its very first use',
    spoil(store) {
      let state: 'new' | 'connecting' | 'ready' = 'new'
      return {
        async set(key, value, options) {
          if (state === 'connecting') throw new Error('already connecting')
          if (state === 'new') {
            state = 'connecting'
            await later()
            state = 'ready'
          }
          return store.set(key, value, options)
        },
      }
    },
  },
  {
    flaw: 'measures a ping in something else than a number',
    foundBy: 'measures a round trip in milliseconds',
    spoil: () => ({ ping: async () => 'PONG' as never }),
  },
  {
    flaw: 'cannot be closed twice',
    foundBy: 'can be closed twice, also at once',
    spoil(store) {
      let closed = false
      return {
        async close() {
          if (closed) throw new Error('already closed')
          closed = true
          await store.close()
        },
      }
    },
  },
  {
    flaw: 'works on after it was closed',
    foundBy: 'rejects every call after it was closed',
    spoil: () => ({ close: async () => {} }),
  },
]

// The suite sleeps and polls: timers fire at once and take the clock along.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }).setTimerTickMode('nextTimerAsync')
})
afterEach(() => {
  vi.useRealTimers()
})

test.each(FLAWS)('finds out an adapter that $flaw', async ({ spoil, foundBy }) => {
  const create = () => {
    const store = memory()
    return { ...store, ...spoil(store) }
  }
  const failed: string[] = []
  for (const { name, run } of adapterContract({ create })) await run().catch(() => failed.push(name))
  expect(failed).toContain(foundBy)
})
