import type { Adapter } from '@larder/core'
import { adapterContract } from '@larder/core/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { tcp } from '../../src/tcp/index.js'
import { type RedisCluster, startCluster } from '../support/cluster.js'
import { type RedisServer, startRedis } from '../support/redis-server.js'
import { type SentinelGroup, startSentinels } from '../support/sentinel.js'

function passesTheContract(create: () => Adapter): void {
  for (const { capability, name, run } of adapterContract({ create })) test(`${capability}: ${name}`, run)
}

describe('a standalone server', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  passesTheContract(() => tcp({ url: redis.url }))
  // Version 6 speaks RESP3 unless told otherwise, version 5 knows RESP2 only.
  describe('by RESP2', () => passesTheContract(() => tcp({ url: redis.url, ioredis: { protocol: 2 } as object })))
})

describe('a server with TLS, an ACL user and another database', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis({ tls: true, password: 'default-secret' })
    await redis.cli('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all')
  })
  afterAll(() => redis.stop())

  passesTheContract(() =>
    tcp({
      host: redis.host,
      port: redis.port,
      username: 'app',
      password: 'secret',
      db: 3,
      tls: { ca: redis.ca, servername: 'localhost' } as object,
    }),
  )
})

describe('the master that sentinels know', () => {
  let group: SentinelGroup
  beforeAll(async () => {
    group = await startSentinels()
  })
  afterAll(() => group.stop())

  passesTheContract(() =>
    tcp({ sentinels: group.sentinels.map(({ host, port }) => ({ host, port })), name: group.name }),
  )
})

describe('a cluster', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startCluster()
  })
  afterAll(() => cluster.stop())

  passesTheContract(() => tcp({ cluster: cluster.nodes.slice(0, 2).map(({ host, port }) => ({ host, port })) }))
})
