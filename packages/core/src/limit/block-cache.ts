import { NUMBERS_PER_DECISION } from './rule.js'

/** Of how many different costs a denial is remembered for one key. */
const MAX_COSTS = 4

/** Denials that are known to hold for a while, so that the store need not be asked again. */
export interface BlockCache {
  /**
   * What the store would answer, if that is known: a call of this cost was refused by the same limits, and could not pass
   * yet. One of a higher cost could not either, but for how long, only the store can tell.
   */
  find(key: string, cost: number, limits: readonly number[]): readonly number[] | undefined
  remember(key: string, denial: Denial, blockedMs: number): void
  forget(key: string): void
}

interface Denial {
  readonly cost: number
  readonly limits: readonly number[]
  readonly decision: readonly number[]
  /** When the check was sent. The store's clock began no sooner, so no call is refused here that could pass there. */
  readonly askedAtMs: number
  /** Whether anybody of this process has changed by hand since then what was counted. */
  readonly isOutdated: () => boolean
}

interface Block extends Denial {
  readonly untilMs: number
}

/** @param maxKeys the key that was refused least recently is the first to go */
export function createBlockCache(maxKeys: number, monotonicMs: () => number): BlockCache {
  const blocks = new Map<string, readonly Block[]>()
  return {
    find(key, cost, limits) {
      if (blocks.size === 0) return undefined
      const block = blocks.get(key)?.find((one) => one.cost === cost && isSame(one.limits, limits))
      if (!block || block.isOutdated()) return undefined
      const nowMs = monotonicMs()
      if (nowMs >= block.untilMs) return undefined
      const elapsedMs = nowMs - block.askedAtMs
      const isSpan = (i: number) => i % NUMBERS_PER_DECISION > 0
      return block.decision.map((number, i) => (isSpan(i) ? Math.max(0, Math.ceil(number - elapsedMs)) : number))
    },
    remember(key, denial, blockedMs) {
      if (!maxKeys || !blockedMs) return
      const others = (blocks.get(key) ?? []).filter(
        ({ cost, untilMs }) => cost !== denial.cost && untilMs > denial.askedAtMs,
      )
      blocks.delete(key)
      blocks.set(key, [{ ...denial, untilMs: denial.askedAtMs + blockedMs }, ...others].slice(0, MAX_COSTS))
      if (blocks.size > maxKeys) blocks.delete(blocks.keys().next().value as string)
    },
    forget(key) {
      if (blocks.size > 0) blocks.delete(key)
    },
  }
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  return one.every((limit, i) => limit === other[i])
}
