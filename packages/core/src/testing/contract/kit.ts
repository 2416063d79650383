import type { Adapter } from '../../adapter/adapter.js'
import type { Script } from '../../adapter/script.js'
import { randomId } from '../../keys/random.js'
import { sleep } from '../../time/timer.js'

/** How long a message may take to arrive before a case gives up. */
const PATIENCE_MS = 3_000
/** How much longer a case waits than a ttl says, where time is real: timers fire early and clocks differ. */
const MARGIN_MS = 20

/** What one promise of the interface comes down to: a sentence, and the calls that prove it. */
export interface Case {
  /** Reads on from "an adapter …". */
  readonly name: string
  run(kit: Kit): Promise<void>
}

/** What a case works with: an adapter of its own and a corner of the store that nobody else uses. */
export interface Kit {
  readonly adapter: Adapter
  /** A ttl that the store can keep and a test can wait for. */
  readonly shortTtlMs: number
  /** Whether time moves only by `pass`, so that a ttl can be looked at one millisecond before its end. */
  readonly exactTime: boolean
  /** `name` in this case's own corner: the same name gives the same key. Also for channels. */
  key(name: string): string
  /** The value at a key. */
  get(key: string): Promise<string | null>
  /** What is left of a key's ttl, as PTTL says it: -1 without one, -2 without the key. */
  pttl(key: string): Promise<number>
  /** Lets a ttl of `ms` run out. */
  pass(ms: number): Promise<void>
  /** Resolves once `holds()`; rejects when it does not come to hold. For messages, which arrive when they do. */
  until(holds: () => boolean, what: string): Promise<void>
}

/** @param advance moves the clock of the store; without it, time is real */
export function createKit(adapter: Adapter, advance?: (ms: number) => void | Promise<void>): Kit & CleanUp {
  const corner = `larder-contract:${randomId()}:`
  const used = new Set<string>()
  const { ttlGranularityMs } = adapter.capabilities

  return {
    adapter,
    shortTtlMs: Math.max(50, ttlGranularityMs),
    exactTime: advance !== undefined && ttlGranularityMs === 1,
    key(name) {
      used.add(corner + name)
      return corner + name
    },
    async get(key) {
      const [value] = await adapter.getMany([key])
      return value as string | null
    },
    pttl: (key) => adapter.run(pttl, [key], []),
    async pass(ms) {
      if (advance) await advance(ms + ttlGranularityMs - 1)
      else await sleep(ms + ttlGranularityMs + MARGIN_MS)
    },
    async until(holds, what) {
      for (let waitedMs = 0; !holds(); waitedMs += 5) {
        if (waitedMs > PATIENCE_MS) throw new Error(`did not come to hold within ${PATIENCE_MS} ms: ${what}`)
        await sleep(5)
      }
    },
    async cleanUp() {
      await adapter.delete([...used])
      await adapter.close()
    },
  }
}

interface CleanUp {
  /** Deletes every key that the case named, and closes the adapter. */
  cleanUp(): Promise<void>
}

/** KEYS: any. Gives what is left of its ttl. */
const pttl: Script<number> = {
  name: 'contract-pttl',
  lua: `return redis.call('PTTL', KEYS[1])`,
  step: (view, [key]) => view.pttl(key as string),
}
