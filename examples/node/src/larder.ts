import { type TcpAdapter, tcp } from '@larder/adapters/tcp'
import { configure } from '@larder/core'

/** The one Redis of all instances: `REDIS_URL`, or the local one. */
export const redis: TcpAdapter = tcp({ url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' })

configure({ adapter: redis, namespace: 'notices' })
