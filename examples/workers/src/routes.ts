import { assertAdmin } from './admin.js'
import { health } from './health.js'
import { larder } from './larder.js'
import { Problem } from './problem.js'
import { refreshAll } from './refresh.js'
import { addReport, latestReport } from './reports.js'
import { tides, today } from './tides.js'

type Parts = Readonly<Record<string, string | undefined>>
type Answer = (parts: Parts, request: Request) => Promise<Response>

const HARBOUR = ':harbour(\\w{1,40})'
const DAY = ':day(\\d{4}-\\d{2}-\\d{2})'

const routes: readonly (readonly [method: string, pattern: URLPattern, answer: Answer])[] = [
  route('GET', `/tides/${HARBOUR}{/${DAY}}?`, async ({ harbour = '', day = today() }) => {
    if (Number.isNaN(Date.parse(day))) throw new Problem(400, `no day called ${day}`)
    const tide = await tides.on(harbour, day)
    if (!tide) throw new Problem(404, `no harbour called ${harbour}`)
    return Response.json(tide)
  }),

  route('DELETE', `/tides{/${HARBOUR}}?`, async ({ harbour }, request) => {
    assertAdmin(request)
    const tag = harbour ? `harbour:${harbour}` : 'tides'
    await larder.cache.evictTags(tag)
    return Response.json({ evicted: tag })
  }),

  route('GET', `/reports/${HARBOUR}`, async ({ harbour = '' }) => {
    const report = await latestReport(harbour)
    if (!report) throw new Problem(404, `no report from ${harbour}`)
    return Response.json(report)
  }),

  route('POST', `/reports/${HARBOUR}`, async ({ harbour = '' }, request) => {
    return new Response(null, { status: 202, headers: await addReport(harbour, request) })
  }),

  route('POST', '/refresh', async (_, request) => {
    assertAdmin(request)
    return Response.json({ refreshed: await refreshAll() })
  }),

  route('GET', '/health', health),
]

/** Answers a request, or rejects with what stands against it. */
export async function answerTo(request: Request): Promise<Response> {
  for (const [method, pattern, answer] of routes) {
    const found = method === request.method && pattern.exec(request.url)
    if (found) return answer(found.pathname.groups, request)
  }
  throw new Problem(404, 'no such route')
}

function route(method: string, pathname: string, answer: Answer) {
  return [method, new URLPattern({ pathname }), answer] as const
}
