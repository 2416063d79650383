import { createGateway, type Gateway } from '@larder/gateway'
import { afterAll, beforeAll, describe } from 'vitest'
import { describeRequests } from '../../../../core/test/workerd/scenarios.js'
import { type OriginServer, startOrigin } from '../../../../core/test/workerd/servers.js'
import {
  bundleWorker,
  type RunningWorker,
  runtimes,
  startWorker as startScript,
} from '../../../../core/test/workerd/worker.js'
import { type RedisServer, startRedis } from '../../support/redis-server.js'
import { sources } from './start.js'

// Concurrent requests that share a toolkit over HTTP, as the core's own tests have them with the embedded store.

const token = 'secret'
let redis: RedisServer
let gateway: Gateway
let origin: OriginServer
let script: string
beforeAll(async () => {
  redis = await startRedis()
  gateway = await createGateway({ redis: redis.url, port: 0, token })
  origin = await startOrigin()
  script = await bundleWorker(sources.shop, {
    alias: sources.alias,
    external: ['cloudflare:*'],
    define: { ORIGIN: JSON.stringify(origin.url) },
    tsconfigRaw: {},
  })
})
afterAll(async () => {
  await gateway?.close()
  await origin?.close()
  await redis?.stop()
})

describe.for([runtimes[0], runtimes[3]])('workerd of $date with flags $flags, over HTTP', (runtime) => {
  let worker: RunningWorker
  beforeAll(async () => {
    const bindings = { UPSTASH_REDIS_REST_URL: gateway.url, UPSTASH_REDIS_REST_TOKEN: token }
    worker = await startScript(script, runtime as (typeof runtimes)[number], bindings)
  })
  afterAll(() => worker?.dispose())

  describeRequests(
    ['http'],
    () => worker,
    () => origin,
  )
})
