import { tcp } from '@larder/adapters/tcp'
import { type Adapter, memory } from '@larder/core'

export interface Choice {
  readonly adapter: Adapter
  /** For people to read. */
  readonly where: string
}

/** The one place that decides where things are kept: Redis if `url` names one, else this process. */
export function chooseAdapter(url = process.env.REDIS_URL): Choice {
  if (!url) return { adapter: memory(), where: 'embedded in this process' }
  const adapter = tcp({ url })
  // Never the URL itself: it may hold a password.
  return { adapter, where: `in Redis at ${new URL(url).host}` }
}
