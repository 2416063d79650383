import type { Platform } from './platform.js'
import { waitUntilOfNext } from './request-context.js'

export const platform: Platform = {
  name: 'default',
  scope: () => undefined,
  idles: false,
  waitUntil: waitUntilOfNext,
  capMs: (limitMs) => limitMs,
  monotonicMs: () => performance.now(),
}
