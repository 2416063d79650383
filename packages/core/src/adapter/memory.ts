import { LarderError } from '../errors/larder-error.js'
import { assertPositiveInteger, invalidOption } from '../errors/usage-error.js'
import type { Adapter } from './adapter.js'
import type { MemoryChannels } from './memory-channels.js'
import type { ScriptView } from './script.js'

type Read = (keys: readonly string[]) => (string | null)[]

/**
 * How to read the adapters that this module made without waiting. By identity, not by a capability: a wrapper that copies
 * our capabilities may do anything, hang included, and has to be guarded like a store elsewhere.
 */
const embedded = /* @__PURE__ */ new WeakMap<Adapter, Read>()

/** `getMany` at once, where `adapter` is a plain {@link memory}, which can neither hang nor lie. */
export function embeddedRead(adapter: Adapter): Read | undefined {
  return embedded.get(adapter)
}

/** How much an embedded store holds, unless told otherwise. */
export const DEFAULT_MAX_ENTRIES = 10_000
export const DEFAULT_MAX_BYTES = 67_108_864
/** What an entry weighs beside its text: the record, its links and its place in the index. */
const ENTRY_OVERHEAD_BYTES = 120

/** How much {@link memory} holds, and by which clock. */
export interface MemoryOptions {
  /**
   * The most entries kept; the least recently used go first. An integer of 1 or more.
   * @default 10_000
   */
  readonly maxEntries?: number
  /**
   * The most bytes kept, as `sizeOf` counts them. An entry larger than this is not kept at all.
   * @default 67_108_864 (64 MiB)
   */
  readonly maxBytes?: number
  /**
   * The bytes that an entry counts for.
   * @default two per character of key and value, plus 120
   */
  readonly sizeOf?: (key: string, value: string) => number
  /**
   * Which entry goes first when the store is full.
   * @default 'lru'
   */
  readonly policy?: 'lru'
  /**
   * The clock, in milliseconds. Tests give a fake one.
   * @default Date.now
   */
  readonly now?: () => number
}

interface Entry {
  readonly key: string
  value: string
  /** Infinity: for ever. */
  expiresAtMs: number
  bytes: number
  // Neighbours in the ring of entries by use: `older` was used before this one.
  older: Entry
  newer: Entry
}

/**
 * The embedded adapter: a bounded map in this process. The default of every toolkit, and what the quickstart runs on.
 *
 * Nothing runs in the background. An expired entry is dropped when it is next looked at, or when room is needed.
 *
 * @example
 * configure({ adapter: memory({ maxEntries: 50_000 }) })
 */
export function memory(options: MemoryOptions = {}): Adapter {
  const {
    maxEntries = DEFAULT_MAX_ENTRIES,
    maxBytes = DEFAULT_MAX_BYTES,
    sizeOf = (key, value) => 2 * (key.length + value.length) + ENTRY_OVERHEAD_BYTES,
    now = Date.now,
  } = options
  assertPositiveInteger(maxEntries, 'maxEntries')
  if (!(maxBytes > 0)) throw invalidOption('maxBytes', 'must be a positive number')

  const entries = new Map<string, Entry>()
  let channels: MemoryChannels | undefined
  // Where the ring begins and ends: its `older` is the newest entry, its `newer` the oldest. No entry itself.
  const ends = {} as Entry
  ends.older = ends.newer = ends
  let bytes = 0
  let closed = false

  const link = (older: Entry, newer: Entry) => {
    older.newer = newer
    newer.older = older
  }
  const pushNewest = (entry: Entry) => {
    link(ends.older, entry)
    link(entry, ends)
  }
  const drop = (entry: Entry) => {
    entries.delete(entry.key)
    bytes -= entry.bytes
    link(entry.older, entry.newer)
  }
  const find = (key: string, nowMs = now()): Entry | undefined => {
    const entry = entries.get(key)
    if (!entry) return undefined
    if (entry.expiresAtMs <= nowMs) {
      drop(entry)
      return undefined
    }
    link(entry.older, entry.newer)
    pushNewest(entry)
    return entry
  }
  const write = (key: string, value: string, ttlMs?: number) => {
    const size = sizeOf(key, value)
    if (!(size >= 0 && size < Infinity)) throw invalidOption('sizeOf', `must give bytes, not ${size}`)
    const existing = entries.get(key)
    if (existing) drop(existing)
    const entry: Entry = { key, value, expiresAtMs: now() + (ttlMs ?? Infinity), bytes: size, older: ends, newer: ends }
    entries.set(key, entry)
    bytes += size
    pushNewest(entry)
    while (entries.size > maxEntries || (bytes > maxBytes && entries.size)) drop(ends.newer)
  }
  const remove = (key: string): boolean => {
    const entry = find(key)
    if (entry) drop(entry)
    return entry !== undefined
  }
  const view: ScriptView = {
    nowMs: now,
    get: (key) => find(key)?.value ?? null,
    pttl(key) {
      const entry = find(key)
      if (!entry) return -2
      return entry.expiresAtMs === Infinity ? -1 : entry.expiresAtMs - now()
    },
    set: write,
    delete: remove,
  }
  const assertOpen = () => {
    if (closed) throw new LarderError('ERR_CLOSED', 'this memory adapter was closed')
  }
  const read: Read = (keys) => {
    assertOpen()
    const nowMs = now()
    return keys.map((key) => find(key, nowMs)?.value ?? null)
  }

  const adapter: Adapter = {
    name: 'memory',
    capabilities: {
      subscribe: true,
      scripts: 'step',
      atomicSet: true,
      ttlGranularityMs: 1,
    },
    getMany: async (keys) => read(keys),
    async set(key, value, { ttlMs, when } = {}) {
      assertOpen()
      assertTtl(ttlMs)
      if (when !== undefined) {
        const current = find(key)?.value
        if (current !== (when === 'absent' ? undefined : when.matches)) return false
      }
      write(key, value, ttlMs)
      return true
    },
    async delete(keys) {
      assertOpen()
      return keys.filter(remove).length
    },
    async deleteIf(key, matches) {
      assertOpen()
      return find(key)?.value === matches && remove(key)
    },
    expireIf: (key, matches, ttlMs) => adapter.set(key, matches, { ttlMs, when: { matches } }),
    async deleteMatching(pattern) {
      assertOpen()
      const { filterBy } = await import('./memory-channels.js')
      return filterBy(pattern, entries.keys()).filter(remove).length
    },
    async run(script, keys, args) {
      assertOpen()
      return script.step(view, keys, args)
    },
    async publish(channel, message) {
      assertOpen()
      return channels?.publish(channel, message) ?? 0
    },
    async subscribe(wanted, listener) {
      assertOpen()
      const { createChannels } = await import('./memory-channels.js')
      assertOpen()
      channels ??= createChannels()
      return channels.subscribe(wanted, listener)
    },
    async ping() {
      assertOpen()
      return 0
    },
    async client() {
      assertOpen()
      return entries
    },
    async close() {
      closed = true
      entries.clear()
      channels = undefined
      link(ends, ends)
    },
  }
  embedded.set(adapter, read)
  return adapter
}

/**
 * For adapters of your own: what every `set` has to refuse.
 *
 * @param ttlMs in milliseconds; `undefined` is for ever
 * @throws UsageError (`ERR_INVALID_OPTION`) unless `ttlMs` is absent or a positive integer.
 *
 * @example
 * assertTtl(1_500) // and not 0, 1.5 or NaN
 */
export function assertTtl(ttlMs: number | undefined): void {
  if (ttlMs !== undefined) assertPositiveInteger(ttlMs, 'ttlMs')
}
