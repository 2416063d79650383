import type { Engine } from '../engine.js'
import type { Mark } from './marks.js'
import { evictedKeysStamp } from './names.js'
import { EVERYTHING, type Near, type News } from './near.js'

/** How long entries may be served on what was learned last. */
export const REVALIDATE_MS = 1_000
/** The most words asked for at once, so that the read stays a small one. Entries under others are forgotten. */
const MAX_WORDS = 500

/**
 * News where nobody can call: on the first touch after a while, the store is asked for the words of all stamps in use, by
 * one read, which goes out with the one that the call needs anyway. Another word, and what stands under it is forgotten.
 *
 * Keys have no stamp. One word for all of them changes with each key evicted anywhere, and then everything is forgotten.
 * Each read brings this word along, so that what is kept is known to be no older than it.
 */
export function revalidateByReads(engine: Engine, near: Near): News {
  const { store, namespace } = engine.context
  const { marks } = near
  const keysStamp = evictedKeysStamp(namespace)
  let keysWord: string | null | undefined
  let sinceAtMs = Number.NEGATIVE_INFINITY
  /** A request that died in the middle of asking must not be waited for for ever. */
  let askingUntilAtMs = Number.NEGATIVE_INFINITY

  function learn(word: string | null): void {
    if (keysWord !== undefined && keysWord !== word) near.drop()
    keysWord = word
  }

  function trust(fromAtMs: number): void {
    sinceAtMs = fromAtMs
    near.validUntilAtMs = fromAtMs + REVALIDATE_MS
  }

  async function ask(asked: readonly Mark[], nowMs: number, budgetMs: number): Promise<void> {
    const everything = marks.hold(EVERYTHING)
    try {
      const [word = null, ...words] = await store.read([keysStamp, ...asked.map(({ name }) => name)], budgetMs)
      // A later read was quicker, and knows better.
      if (!everything.live) return
      learn(word)
      for (const [i, mark] of asked.entries()) if (mark.word !== words[i]) marks.end(mark.name)
      trust(nowMs)
    } catch {
      // The read that went out with it tells what is wrong. Nothing is served until one succeeds.
    } finally {
      askingUntilAtMs = Number.NEGATIVE_INFINITY
      marks.release(everything)
    }
  }

  return {
    attend(budgetMs) {
      const nowMs = near.now()
      // A clock that was set back may be anywhere in the time that was trusted.
      if (nowMs < sinceAtMs) near.validUntilAtMs = Number.NEGATIVE_INFINITY
      if (nowMs < near.validUntilAtMs || nowMs < askingUntilAtMs) return
      const worded = [...marks.held()].filter(({ word }) => word !== undefined)
      // Those stay that most depends on, and of equals the newest.
      if (worded.length > MAX_WORDS) worded.reverse().sort((one, other) => other.holders - one.holders)
      for (const { name } of worded.splice(MAX_WORDS)) marks.end(name)
      if (worded.length === 0) return trust(nowMs)
      askingUntilAtMs = nowMs + budgetMs
      void ask(worded, nowMs, budgetMs)
    },
    beginRead(budgetMs) {
      // Folded with the read that follows: one command, in which this word is no newer than the entry.
      const word = store.read([keysStamp], budgetMs).then(
        ([read = null]) => read,
        () => undefined,
      )
      return async (stampKeys, words, isLive) => {
        const read = await word
        if (read === undefined || !isLive()) return false
        learn(read)
        for (const [i, name] of stampKeys.entries()) {
          const mark = marks.find(name)
          if (!mark) return false
          mark.word ??= words[i] as string
          if (mark.word !== words[i]) marks.end(name)
        }
        return isLive()
      }
    },
    async close() {
      near.validUntilAtMs = Number.NEGATIVE_INFINITY
      near.drop()
    },
  }
}
