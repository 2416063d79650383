import { afterAll, beforeAll } from 'vitest'
import { lockKinds } from '../../../core/test/lock/kinds-suite.js'
import { tcp } from '../../src/tcp/index.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

lockKinds(() => tcp({ url: redis.url }))
