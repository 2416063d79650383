import { invalid } from './invalid.js'

/**
 * Whose keys `clear()` is to delete. A Keyv tells its store its namespace once, and nothing when it calls: of two that share
 * a store, the later is all that the store knows of. A Keyv listens to errors just before it tells its namespace, whereas
 * one that changes its namespace does not: so they can be counted.
 */
export function createNamespaces() {
  let current: string | undefined
  let told = false
  let joining = false
  let shared = false
  return {
    get current() {
      return current
    },
    /** Somebody listens to errors: a new Keyv, or the application itself. */
    join() {
      joining = true
    },
    enter(namespace: string | undefined) {
      shared ||= told && joining && namespace !== current
      told = true
      joining = false
      current = namespace
    },
    toClear(): string {
      if (shared) {
        throw invalid(
          'store',
          'is shared by Keyvs of different namespaces, and cannot know which of them is to be cleared: give each a toKeyv(adapter) of its own',
        )
      }
      if (!current) {
        throw invalid(
          'namespace',
          'of Keyv must be set to clear it: without one, every key of the store would go. If that is meant: adapter.deleteMatching("*")',
        )
      }
      return current
    },
  }
}
