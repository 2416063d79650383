import { FRESH_S, stock } from '../../../../lib/stock'

/** An item, and where it came from. */
export async function GET(_request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const startedAtMs = Date.now()
  const item = await stock.item((await params).id)
  if (!item) return Response.json({ error: 'no such item' }, { status: 404 })
  const now = Date.now()
  const ageMs = now - item.readAt.getTime()
  const source = item.readAt.getTime() >= startedAtMs ? 'file' : ageMs > FRESH_S * 1000 ? 'larder, stale' : 'larder'
  return Response.json({ item, source, ageMs, tookMs: now - startedAtMs })
}
