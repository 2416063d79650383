// `npm start` and `npm run dev`: the Worker in workerd; behind it the gateway with a Redis, and the tide tables.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createGateway } from '@larder/gateway'
import { openRedis } from './redis.js'
import { startTideTables } from './tide-tables.js'
import { startWorker } from './worker.js'

const ADMIN_TOKEN = 'local'
const port = Number(process.env.PORT ?? 8787)

/** What has to end, the last first. */
const open: { stop(): Promise<unknown> }[] = []
let ending = false
async function end(exitCode: number): Promise<never> {
  // A second Ctrl-C does not wait.
  if (ending) process.exit(exitCode)
  ending = true
  for (const part of open.reverse()) await part.stop().catch(() => {})
  process.exit(exitCode)
}
function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.removeAllListeners(signal)
    process.on(signal, () => end(0))
  }
}
endOnSignals()

try {
  await assertFree(port)
  const tables = await startTideTables()
  open.push({ stop: tables.close })
  const vars: Record<string, string> = { ADMIN_TOKEN, TIDES_URL: tables.url }
  const redis = process.argv.includes('--no-redis') ? undefined : await openRedis()
  if (redis) {
    open.push(redis)
    const gateway = await createGateway({ redis: redis.url, port: 0 })
    open.push({ stop: gateway.close })
    await gateway.ping().catch((error: Error) => console.error(`warning: ${error.message}; the Worker does without it`))
    Object.assign(vars, { UPSTASH_REDIS_REST_URL: gateway.url, UPSTASH_REDIS_REST_TOKEN: gateway.token })
  }
  const worker = await startWorker({ vars, port, onLog: console.error })
  open.push(worker)
  // Miniflare has brought its own, which would end this process before the rest has ended.
  endOnSignals()
  const kept = redis ? `in ${redis.where}, through larder-gateway` : 'in its own memory, for want of a Redis'
  console.log(`The Worker is at ${worker.url} and keeps things ${kept}. Ctrl-C ends it all.

  curl ${worker.url}/tides/whitby
  curl -X DELETE ${worker.url}/tides/whitby -H 'authorization: Bearer ${ADMIN_TOKEN}'
  curl -i ${worker.url}/reports/whitby -d 'spring tide, wet feet'
  curl -X POST ${worker.url}/refresh -H 'authorization: Bearer ${ADMIN_TOKEN}'
  curl ${worker.url}/health`)
} catch (error) {
  if (!ending) {
    console.error((error as Error).message)
    await end(1)
  }
}

/** Workerd would say it in thirty lines. */
async function assertFree(port: number): Promise<void> {
  try {
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    await once(server.close(), 'close')
  } catch (error) {
    throw new Error(`cannot use this port, choose another: PORT=8788 npm start (${(error as Error).message})`)
  }
}
