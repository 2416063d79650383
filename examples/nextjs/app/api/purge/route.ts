import { larder } from '../../../lib/larder'

/** Evicts an item, on every instance. */
export async function POST(request: Request): Promise<Response> {
  const { id } = (await request.json()) as { id?: string }
  if (!id) return Response.json({ error: 'say which item, as `id`' }, { status: 400 })
  await larder.cache.evictTags(`item:${id}`)
  return Response.json({ evicted: id })
}
