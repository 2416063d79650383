import { capByDeadlines } from './deadlines.js'
import type { Platform } from './platform.js'
import { waitUntilOfNext } from './request-context.js'

export const platform: Platform = {
  name: 'node',
  scope: () => undefined,
  idles: true,
  waitUntil: waitUntilOfNext,
  capMs: capByDeadlines,
  monotonicMs: () => performance.now(),
}
