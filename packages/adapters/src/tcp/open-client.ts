import type { Cluster, Redis } from 'ioredis'

/** A client, and what went wrong with it last. */
export interface OpenClient {
  readonly client: Redis | Cluster
  /** ioredis rejects what was under way with "Connection is closed", and tells why by event. */
  lastError(): unknown
}

// One listener a client, however many adapters are made over it.
const watched = /* @__PURE__ */ new WeakMap<Redis | Cluster, OpenClient>()

/** To listen is a duty: ioredis complains on the console where nobody does. */
export function watchErrors(client: Redis | Cluster): OpenClient {
  let opened = watched.get(client)
  if (!opened) {
    let last: unknown
    client.on('error', (error) => {
      last = error
    })
    opened = { client, lastError: () => last }
    watched.set(client, opened)
  }
  return opened
}
