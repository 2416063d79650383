import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Order, Product } from '../src/backend.js'

/** The shop's own service, which the function stands in front of: products, and a list of orders that only grows. */
export interface Backend {
  readonly url: string
  readonly products: Map<string, Product>
  readonly orders: Order[]
  /** How often products were asked for. */
  reads: number
  close(): Promise<void>
}

export async function startBackend(port = 0): Promise<Backend> {
  const products = new Map<string, Product>()
  const orders: Order[] = []
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = JSON.parse(Buffer.concat(chunks).toString() || 'null')
    const [, room, id = ''] = request.url?.split('/') ?? []
    const product = products.get(id)
    if (room === 'products' && request.method === 'PUT') {
      products.set(id, body)
      return answer(200, body)
    }
    if (room === 'products') {
      backend.reads++
      return product ? answer(200, product) : answer(404, null)
    }
    if (room === 'orders' && request.method === 'POST') {
      const order: Order = { ...body, id: `o${orders.length + 1}` }
      orders.push(order)
      return answer(201, order)
    }
    return answer(404, null)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const backend: Backend = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    products,
    orders,
    reads: 0,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
  return backend
}
