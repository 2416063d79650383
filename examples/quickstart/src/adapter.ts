import { type Adapter, memory } from '@larder/core'

export interface Choice {
  readonly adapter: Adapter
  /** For people to read. */
  readonly where: string
  /** Why it is not what was asked for. */
  readonly note?: string
}

/** A variable, so that the compiler does not insist on a package that need not be installed. */
const TCP: string = '@larder/adapters/tcp'

/**
 * The one place that decides where things are kept: Redis if `url` names one, else this process.
 *
 * @param load imports the TCP adapter; rejects where it is not installed
 */
export async function chooseAdapter(
  url = process.env.REDIS_URL,
  load: () => Promise<{ tcp(options: { url: string }): Adapter }> = () => import(TCP),
): Promise<Choice> {
  const embedded = { adapter: memory(), where: 'embedded in this process' }
  if (!url) return embedded
  const module = await load().catch(() => undefined)
  if (!module) return { ...embedded, note: `REDIS_URL is set, but ${TCP} is not there yet: going on embedded.` }
  // Never the URL itself: it may hold a password.
  return { adapter: module.tcp({ url }), where: `in Redis at ${new URL(url).host}` }
}
