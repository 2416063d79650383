import type { Cluster, Redis } from 'ioredis'

/** A client, and what went wrong with it last. */
export interface OpenClient {
  readonly client: Redis | Cluster
  /** ioredis rejects what was under way with "Connection is closed", and tells why by event. */
  lastError(): unknown
}

/** To listen is a duty: ioredis complains on the console where nobody does. */
export function watchErrors(client: Redis | Cluster): OpenClient {
  let last: unknown
  client.on('error', (error) => {
    last = error
  })
  return { client, lastError: () => last }
}
