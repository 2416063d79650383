// Here and not with the other names in `keys/layout.ts`, which every cached function loads.

/** The channel by which processes with near tiers tell each other what they evict. */
export function evictionChannel(namespace: string): string {
  return `${namespace}:$evict`
}

/** The word that changes with every key evicted, for near tiers that no channel reaches. */
export function evictedKeysStamp(namespace: string): string {
  return `${namespace}:$keys`
}
