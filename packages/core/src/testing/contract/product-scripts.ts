import type { Adapter } from '../../adapter/adapter.js'
import { isAdmitted, unpack } from '../../limit/decision.js'
import { gcra } from '../../limit/gcra.js'
import { LOOK, type Mode, SPEND } from '../../limit/mode.js'
import { limitArgs, limitScript, type Numbers, type Rule } from '../../limit/rule.js'
import { slidingWindow } from '../../limit/sliding-window.js'
import { acquireScript } from '../../lock/acquire-script.js'
import { assert, assertEqual } from './assert.js'
import type { Case } from './kit.js'

const MINUTE_MS = 60_000

/** A decision of one rule, unpacked. */
type Answer = [remaining: number, retryAfterMs: number, resetMs: number]

async function ask(adapter: Adapter, rule: Rule, key: string, numbers: Numbers, mode: Mode): Promise<Answer> {
  const decision = await adapter.run(limitScript([rule]), [key], limitArgs(1, mode, [numbers]))
  return unpack(decision, numbers[0]) as Answer
}

/** Spends 1 of `limit` per `windowMs`, or only looks. */
const slide = (adapter: Adapter, key: string, limit: number, windowMs: number, mode: Mode = SPEND) =>
  ask(adapter, slidingWindow, key, [limit, windowMs], mode)

/** Spends 1 of a burst of 3 that comes back at one per `intervalMs`, or only looks. */
const smooth = (adapter: Adapter, key: string, intervalMs: number, mode: Mode = SPEND) =>
  ask(adapter, gcra, key, [3, intervalMs * 1_000], mode)

/** The scripts that rate limits and locks run. Their arithmetic has tests of its own; here they meet the adapter. */
export const productScripts: readonly Case[] = [
  {
    name: 'runs the sliding window: admits the limit, then denies and writes nothing',
    async run({ adapter, key, get }) {
      const at = key('window')
      assertEqual((await slide(adapter, at, 2, MINUTE_MS, LOOK)).slice(0, 2), [2, 0], 'a look at a new window')
      assertEqual(await get(at), null, 'the state after a look')
      assertEqual((await slide(adapter, at, 2, MINUTE_MS)).slice(0, 2), [1, 0], 'the first call')
      assertEqual((await slide(adapter, at, 2, MINUTE_MS)).slice(0, 2), [0, 0], 'the second call')
      const state = await get(at)
      const [remaining, retryAfterMs, resetMs] = await slide(adapter, at, 2, MINUTE_MS)
      assertEqual(remaining, 0, 'what is left for the third call')
      assert(retryAfterMs > 0 && retryAfterMs <= MINUTE_MS, `a retry within the window, not in ${retryAfterMs} ms`)
      assert(resetMs >= retryAfterMs && resetMs <= MINUTE_MS, `a reset within the window, not in ${resetMs} ms`)
      assertEqual(await get(at), state, 'the state after a denial')
    },
  },
  {
    name: 'runs the sliding window: admits again once the window has passed, and leaves no key behind',
    async run({ adapter, key, get, pass, shortTtlMs }) {
      const at = key('window')
      await slide(adapter, at, 1, shortTtlMs)
      await pass(shortTtlMs)
      assertEqual(await get(at), null, 'the state after the window')
      assertEqual((await slide(adapter, at, 1, MINUTE_MS)).slice(0, 2), [0, 0], 'the next call')
    },
  },
  {
    name: 'runs GCRA: admits the burst, then denies and writes nothing',
    async run({ adapter, key, get }) {
      const at = key('smooth')
      assertEqual(await smooth(adapter, at, MINUTE_MS, LOOK), [3, 0, 0], 'a look from a standing start')
      assertEqual(await get(at), null, 'the state after a look')
      for (const remaining of [2, 1, 0]) {
        assertEqual((await smooth(adapter, at, MINUTE_MS)).slice(0, 2), [remaining, 0], 'a call of the burst')
      }
      const state = await get(at)
      const [remaining, retryAfterMs, resetMs] = await smooth(adapter, at, MINUTE_MS)
      assertEqual(remaining, 0, 'what is left for a call above the burst')
      assert(retryAfterMs > 0 && retryAfterMs <= MINUTE_MS, `a retry within one interval, not in ${retryAfterMs} ms`)
      assert(resetMs > 2 * MINUTE_MS - 1_000 && resetMs <= 3 * MINUTE_MS, `a reset after three, not in ${resetMs} ms`)
      assertEqual(await get(at), state, 'the state after a denial')
    },
  },
  {
    name: 'runs GCRA: a call comes back with each interval',
    async run({ adapter, key, pass, shortTtlMs }) {
      const at = key('smooth')
      const intervalMs = 4 * shortTtlMs
      for (let call = 0; call < 3; call++) await smooth(adapter, at, intervalMs)
      const [, retryAfterMs] = await smooth(adapter, at, intervalMs)
      await pass(retryAfterMs)
      assertEqual((await smooth(adapter, at, intervalMs))[1], 0, 'the wait of the call after the interval')
    },
  },
  {
    name: 'admits by both no more than the limit of 50 concurrent calls',
    async run({ adapter, key }) {
      const crowd = Array.from({ length: 50 })
      const slid = await Promise.all(crowd.map(() => slide(adapter, key('window'), 10, MINUTE_MS)))
      assertEqual(slid.filter(isAdmitted).length, 10, 'calls that the sliding window admitted')
      const smoothed = await Promise.all(crowd.map(() => smooth(adapter, key('smooth'), MINUTE_MS)))
      assertEqual(smoothed.filter(isAdmitted).length, 3, 'calls that GCRA admitted')
    },
  },
  {
    name: 'takes a lock once, and numbers its holders upwards',
    async run({ adapter, key, get }) {
      const keys = [key('{door}:lock'), key('{door}:fence')]
      const take = (token: string, ttlMs: number) => adapter.run(acquireScript, keys, [token, ttlMs])
      const firstFence = (await take('ada', MINUTE_MS)) as number
      assert(firstFence > 0, `the first take has a fence, not ${firstFence}`)
      const refusal = await take('bob', MINUTE_MS)
      assert(Array.isArray(refusal), `the second take is refused, not ${refusal}`)
      const [holderMs] = refusal as readonly number[]
      assert(
        holderMs !== undefined && holderMs > 0 && holderMs <= MINUTE_MS,
        `the holder has up to a minute left, not ${holderMs} ms`,
      )
      assertEqual(await get(keys[0] as string), 'ada', 'the token of the holder')

      assertEqual(await adapter.deleteIf(keys[0] as string, 'ada'), true, 'the release')
      const thirdFence = (await take('bob', MINUTE_MS)) as number
      assert(thirdFence > firstFence, `the fence ${thirdFence} is above ${firstFence}`)
    },
  },
  {
    name: 'takes a lock whose time is over, with a higher fence, and keeps it from its old holder',
    async run({ adapter, key, get, pass, shortTtlMs }) {
      const keys = [key('{door}:lock'), key('{door}:fence')]
      const oldFence = await adapter.run(acquireScript, keys, ['old', shortTtlMs])
      await pass(shortTtlMs)
      const newFence = await adapter.run(acquireScript, keys, ['new', MINUTE_MS])
      assert((newFence as number) > (oldFence as number), `the fence ${newFence} is above ${oldFence}`)
      assertEqual(await adapter.deleteIf(keys[0] as string, 'old'), false, 'the late release of the old holder')
      assertEqual(await get(keys[0] as string), 'new', 'the holder')
    },
  },
  {
    name: 'gives a lock to exactly one of 50 concurrent takes',
    async run({ adapter, key, get }) {
      const keys = [key('{door}:lock'), key('{door}:fence')]
      const takes = await Promise.all(
        Array.from({ length: 50 }, (_, i) => adapter.run(acquireScript, keys, [`token ${i}`, MINUTE_MS])),
      )
      const holders = takes.flatMap((take, i) => (typeof take === 'number' ? [`token ${i}`] : []))
      assertEqual(holders.length, 1, 'takes that succeeded')
      assertEqual(await get(keys[0] as string), holders[0], 'the holder')
    },
  },
]
