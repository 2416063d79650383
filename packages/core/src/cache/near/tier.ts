import type { Any } from '../../decorate/types.js'
import type { Engine, Place, Policy, Request } from '../engine.js'
import { drawLeadMs } from '../extended/early.js'
import type { LocalOptions } from '../options.js'
import { NearEntry, type Sharing } from './entry.js'
import { EVERYTHING, nearOf } from './near.js'
import { resolveLocalOptions } from './options.js'
import { createSieve } from './sieve.js'
import { type Parts, partsOf } from './text.js'

/** What an entry weighs beside its text: the record, its links, its marks and its place in the index. */
const ENTRY_OVERHEAD_BYTES = 400

/** A near tier: what one function got from the store lately, in this process. */
export interface NearTier {
  /**
   * The value for a call, if it may be served. Sends nothing, unless it is time to hear of evictions.
   * @param otherwise for a value whose text cannot be read any more
   */
  get<Result>(request: Request<Result>, otherwise: () => Promise<Result>): Promise<Result> | undefined
  /**
   * To be called before the store is read for a call, so that an eviction from then on keeps what was read out.
   * @returns nothing where it could not be kept
   */
  begin(request: Request<Any>): NearTicket | undefined
  /** What a call would be answered with from here, if it would. Counts as no call. */
  look(place: Place<never>): Promise<{ readonly value: unknown } | undefined>
  /** Forgets everything. */
  clear(): void
}

/** A read or a load under way, and the right to keep what it brings unless something of it is evicted meanwhile. */
export interface NearTicket {
  /**
   * @param text the entry as the store has it, read or written since the ticket
   * @param value what was read from it already; with `share: 'reference'` it becomes the one that all callers get
   */
  put(text: string, value?: { readonly value: unknown }): void
  /** To be called when the call is over, however it ended. Nothing is kept afterwards. */
  end(): void
}

/** Makes the near tier of one function. */
export function createTier(engine: Engine, { prefix, serializer, options = { ttl: 0 } }: Policy<Any>): NearTier {
  const { ttlMs, maxEntries, maxBytes, share } = resolveLocalOptions(options.local as true | LocalOptions)
  const near = nearOf(engine)
  const sharing: Sharing = { prefix, share, serializer }
  // Where tags depend on the call, they have to be seen before an entry may be served.
  const hasFixedTags = typeof options.tags !== 'function'
  const early = options.earlyRefresh === true ? {} : options.earlyRefresh
  const entries = new Map<string, NearEntry>()
  let sieve = createSieve<NearEntry>()

  function remove(entry: NearEntry): void {
    if (entries.get(entry.key) !== entry) return
    entries.delete(entry.key)
    sieve.remove(entry)
    entry.end()
  }

  function keep(
    { key, stampKeys, slot }: Request<Any>,
    { payload, freshUntilAtMs, loadMs }: Parts,
    value?: { readonly value: unknown },
  ): void {
    const nowMs = near.now()
    // What nobody asks the store for, nobody would refresh early: from a moment drawn likewise, callers ask again.
    const leadMs = early ? drawLeadMs(early, loadMs) : 0
    const untilAtMs = Math.min(nowMs + ttlMs, freshUntilAtMs - leadMs)
    const bytes = 2 * (key.length + payload.length) + ENTRY_OVERHEAD_BYTES
    const existing = entries.get(key)
    if (existing) remove(existing)
    if (bytes > maxBytes || untilAtMs <= nowMs) return
    const marks = [EVERYTHING, key, ...stampKeys].map(near.marks.hold)
    const entry = new NearEntry(near, sharing, key, stampKeys, marks, payload, bytes, nowMs, untilAtMs)
    if (value && share === 'reference') entry.settle(value.value)
    while (sieve.size && (sieve.size >= maxEntries || sieve.bytes + bytes > maxBytes)) remove(sieve.victim())
    entries.set(key, entry)
    sieve.add(entry)
    if (slot && hasFixedTags) slot.near = entry
  }

  const find = ({ key, stampKeys }: Place<never>) => {
    const entry = entries.get(key)
    return entry?.isCurrent() && areSame(entry.stampKeys, stampKeys) ? entry : undefined
  }

  const tier: NearTier = {
    look: async (place) => find(place)?.look(),
    clear() {
      for (const entry of entries.values()) entry.end()
      entries.clear()
      sieve = createSieve()
    },
    get(request, otherwise) {
      const { key, policy, slot } = request
      near.news.attend(policy.budgetMs)
      const entry = find(request)
      if (!entry) {
        const over = entries.get(key)
        if (over?.isOver()) remove(over)
        return undefined
      }
      if (slot && hasFixedTags) slot.near = entry
      return entry.read(() => {
        remove(entry)
        return otherwise()
      }) as Promise<Any>
    },
    begin(request) {
      const mayKeep = near.news.beginRead(request.policy.budgetMs)
      if (!mayKeep) return undefined
      const { key, stampKeys } = request
      const marks = [EVERYTHING, key, ...stampKeys].map(near.marks.hold)
      const isLive = () => marks.every(({ live }) => live)
      let putting: Promise<void> | undefined
      let isOpen = true
      return {
        put(text, value) {
          if (!isOpen) return
          const parts = partsOf(text)
          const finish = (may: boolean) => {
            if (may && isLive()) keep(request, parts, value)
          }
          const answer = mayKeep(stampKeys, parts.stamps, isLive)
          if (typeof answer === 'boolean') finish(answer)
          else putting = answer.then(finish)
        },
        end() {
          if (!isOpen) return
          isOpen = false
          const release = () => marks.forEach(near.marks.release)
          if (putting) putting.then(release)
          else release()
        },
      }
    },
  }
  near.tiers.set(prefix, tier)
  return tier
}

function areSame(one: readonly string[], other: readonly string[]): boolean {
  return one === other || (one.length === other.length && one.every((item, i) => item === other[i]))
}
