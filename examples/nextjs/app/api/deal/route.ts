import { http } from '@larder/adapters/http'
import { createLarder, memory } from '@larder/core'
import items from '../../../data/stock.json'

export const runtime = 'edge'

// The edge has no sockets: Redis is reached over HTTP where there is a URL for it.
const adapter = process.env.UPSTASH_REDIS_REST_URL ? http() : memory()
const { cached } = createLarder({ adapter, namespace: 'nextjs-example' })

/** The item that is cheaper today, settled once a day for everybody: whoever asks first draws it. */
const dealOf = cached('1d', 'deal', async (day: string) => {
  const ids = Object.keys(items)
  return { day, id: ids[Math.floor(Math.random() * ids.length)] }
})

export async function GET(): Promise<Response> {
  return Response.json(await dealOf(new Date().toISOString().slice(0, 10)))
}
