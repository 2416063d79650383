import { type Engine, type Place, read } from './engine.js'
import { guardMs, writeEntry } from './entry.js'
import { abandon } from './evict.js'

/** Stores `result`, whatever is there. Rejects with `StoreError`, or with what the serializer throws. */
export async function put<Result>(engine: Engine, place: Place<Result>, result: Result): Promise<void> {
  const { key, stampKeys, tags, policy } = place
  const { store, now } = engine.context
  abandon(engine, [key], [])
  const [found, ...stamps] = await read(engine, place)
  const held = engine.stamps.hold(stampKeys, stamps)
  try {
    const ttlMs = policy.ttlMs(result)
    const payload = await policy.serializer.serialize(result, key)
    const staleMs = Math.max(policy.staleMs ?? 0, guardMs(found, ttlMs))
    const text = writeEntry({ freshUntilAtMs: now() + ttlMs, loadMs: 0, payload, staleMs }, held.words, tags)
    await Promise.all([store.set(key, text, { ttlMs: ttlMs + staleMs }), ...held.write(policy.budgetMs)])
  } finally {
    // Again for the loads that began meanwhile, as an eviction does.
    abandon(engine, [key], [])
    held.release()
  }
}
