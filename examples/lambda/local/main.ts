// `npm start`: the function as deployed, in a process that is frozen between events, behind HTTP on port 3000.
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { startBackend } from './backend.js'
import { httpEvent } from './events.js'
import { startFunction } from './runtime.js'

const style = process.argv[2] ?? 'decorators'
const backend = await startBackend()
backend.products.set('butter', { id: 'butter', name: 'Butter, salted', pricePence: 285 })
backend.products.set('honey', { id: 'honey', name: 'Heather honey', pricePence: 650 })
const { REDIS_URL } = process.env
const fn = await startFunction({
  bundle: fileURLToPath(new URL(`../dist/${style}.cjs`, import.meta.url)),
  handler: 'handler',
  env: { BACKEND_URL: backend.url, ...(REDIS_URL ? { REDIS_URL } : {}) },
})

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks).toString()
  const event = httpEvent(request.method ?? 'GET', request.url ?? '/', {
    headers: request.headers as Record<string, string>,
    ...(body ? { body } : {}),
  })
  try {
    const result = (await fn.invoke(event)) as APIGatewayProxyStructuredResultV2
    response.writeHead(result.statusCode ?? 200, result.headers as Record<string, string>).end(result.body)
  } catch (error) {
    response.writeHead(502).end(String(error))
  }
})
const port = Number(process.env.PORT ?? 3000)
server.listen(port, '127.0.0.1', () => {
  console.log(`The function (${style}) is at http://127.0.0.1:${port}, kept ${REDIS_URL ? 'in Redis' : 'in memory'}.`)
  console.log(`Try: curl -i http://127.0.0.1:${port}/products/butter`)
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    server.close()
    server.closeAllConnections()
    await Promise.all([fn.stop(), backend.close()])
  })
}
