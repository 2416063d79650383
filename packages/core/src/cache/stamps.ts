import { randomId } from '../keys/random.js'
import { platform } from '../platform/index.js'
import type { Store } from '../store/store.js'
import { STAMP_TTL_MS } from './lifetimes.js'

/**
 * A stamp is a random word at a key of its own: one for the namespace, one for each prefix and each tag. Entries carry
 * the stamps seen before their load. Writing another word there evicts all of them at once, at the price of one command
 * however many they are. A stamp that is missing counts as another word.
 */
export interface Stamps {
  /**
   * The stamps that an entry loaded now is to carry. For a stamp that was missing when read, a new word is proposed, the
   * same for every load in this process until the store has it, or all but one of them would be stored in vain.
   */
  hold(keys: readonly string[], found: readonly (string | null)[]): HeldStamps
}

export interface HeldStamps {
  readonly words: readonly string[]
  /** Writes the proposed words that the store does not have yet. @returns one promise for each. */
  write(budgetMs: number): Promise<unknown>[]
  /** To be called when the load is over, however it ended. */
  release(): void
}

interface Proposal {
  readonly key: string
  readonly word: string
  /** Once sent, the scope by which it was: what another request has sent may never arrive. */
  state?: object | 'sent' | 'stored' | undefined
  holders: number
}

export function createStamps(store: Store): Stamps {
  const proposals = new Map<string, Proposal>()

  const propose = (key: string): Proposal => {
    let proposal = proposals.get(key)
    // Stored and missing again: it was lost, and must not come back, or what it had evicted would.
    if (!proposal || proposal.state === 'stored') {
      proposal = { key, word: randomId(), holders: 0 }
      proposals.set(key, proposal)
    }
    proposal.holders++
    return proposal
  }

  return {
    hold(keys, found) {
      const mine: Proposal[] = []
      const words = found.map((word, i) => {
        if (word) return word
        const proposal = propose(keys[i] as string)
        mine.push(proposal)
        return proposal.word
      })
      return {
        words,
        write(budgetMs) {
          const sent = platform.scope() ?? 'sent'
          return mine
            .filter(({ state }) => state !== sent && state !== 'stored')
            .map(async (proposal) => {
              proposal.state = sent
              try {
                await store.set(proposal.key, proposal.word, { ttlMs: STAMP_TTL_MS, when: 'absent' }, budgetMs)
                proposal.state = 'stored'
              } catch (error) {
                proposal.state = undefined
                throw error
              }
            })
        },
        release() {
          for (const proposal of mine) {
            if (--proposal.holders === 0 && proposals.get(proposal.key) === proposal) proposals.delete(proposal.key)
          }
        },
      }
    },
  }
}
