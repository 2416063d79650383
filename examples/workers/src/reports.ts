import { clientIp, RateLimitedError, rateLimitHeaders } from '@larder/core'
import { larder } from './larder.js'
import { Problem } from './problem.js'

const MAX_CHARACTERS = 280

/** Ten reports a minute from one address, over all isolates. */
const limit = larder.limiter({ prefix: 'reports', limit: 10, per: '1m' })

/** What somebody at a harbour has seen of the water. */
export interface Report {
  readonly text: string
  readonly at: Date
}

export async function latestReport(harbour: string): Promise<Report | undefined> {
  return larder.cache.get<Report>(`report:${harbour}`)
}

/** Keeps a report for a day. @returns the headers that tell its sender how many more there may be */
export async function addReport(harbour: string, request: Request): Promise<Record<string, string>> {
  // Set by Cloudflare: no client can pretend to be another. Nor by choosing among its own IPv6 addresses.
  const client = clientIp(request, { trust: { header: 'cf-connecting-ip' } })
  const outcome = await limit.check(client ?? 'unknown')
  if (!outcome.allowed) throw new RateLimitedError(limit.prefix, outcome)
  const text = await request.text()
  if (!text.trim() || text.length > MAX_CHARACTERS) {
    throw new Problem(400, `a report has from 1 to ${MAX_CHARACTERS} characters`)
  }
  const report: Report = { text, at: new Date() }
  await larder.cache.set(`report:${harbour}`, report, { ttl: '1d', tags: [`harbour:${harbour}`] })
  return rateLimitHeaders(outcome)
}
