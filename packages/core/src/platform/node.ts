import type { Platform } from './platform.js'
import { waitUntilOfNext } from './request-context.js'

export const platform: Platform = {
  name: 'node',
  scope: () => undefined,
  idles: true,
  waitUntil: waitUntilOfNext,
  monotonicMs: () => performance.now(),
}
