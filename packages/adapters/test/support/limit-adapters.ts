import type { Adapter } from '@larder/core'
import { http } from '../../src/http/index.js'
import { tcp } from '../../src/tcp/index.js'

/** The token of gateways that tests start for the adapters below. */
export const GATEWAY_TOKEN = 'local'

/** The adapters that rate limits and locks are tested over, by the name that a process of its own can be told. */
export const limitAdapters: Record<string, (url: string) => Adapter> = {
  tcp: (url) => tcp({ url }),
  http: (url) => http({ url, token: GATEWAY_TOKEN }),
}
