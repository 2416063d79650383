import type { Adapter } from '@larder/core'
import { tcp } from '../../src/tcp/index.js'

/** The adapters that rate limits are tested over, by the name that a process of its own can be told. */
export const limitAdapters: Record<string, (url: string) => Adapter> = {
  tcp: (url) => tcp({ url }),
}
