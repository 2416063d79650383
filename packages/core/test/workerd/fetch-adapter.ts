import type { Adapter, CallOptions } from '@larder/core'

/** The smallest adapter that speaks to a store by `fetch`: each call is one POST of its method and arguments. */
export function fetchAdapter(url: string): Adapter {
  const ask = async (method: string, args: readonly unknown[], call?: CallOptions) => {
    const signal = call?.signal ?? null
    const response = await fetch(url, { method: 'POST', body: JSON.stringify({ method, args }), signal })
    if (!response.ok) throw new Error(`the store answered ${response.status}`)
    const { result } = (await response.json()) as { result: never }
    return result
  }
  return {
    name: 'fetch',
    capabilities: { subscribe: false, scripts: 'step', atomicSet: true, ttlGranularityMs: 1, budgetMs: 1_000 },
    getMany: (keys, call) => ask('getMany', [keys], call),
    set: (key, value, { ttlMs, when, ...call } = {}) => ask('set', [key, value, { ttlMs, when }], call),
    delete: (keys, call) => ask('delete', [keys], call),
    deleteIf: (key, matches, call) => ask('deleteIf', [key, matches], call),
    expireIf: (key, matches, ttlMs, call) => ask('expireIf', [key, matches, ttlMs], call),
    deleteMatching: (pattern, call) => ask('deleteMatching', [pattern], call),
    run: (script, keys, args, call) => ask('run', [script.name, keys, args], call),
    ping: async (call) => {
      await ask('ping', [], call)
      return 0
    },
    client: async () => url,
    close: async () => {},
  }
}
