import { capByDeadlines } from './deadlines.js'
import type { Platform } from './platform.js'
import { waitUntilOfNext } from './request-context.js'

export const platform: Platform = {
  name: 'node',
  scope: () => undefined,
  idles: true,
  waitUntil: waitUntilOfNext,
  // In two parts: bundlers for no platform in particular would look for it, and not find it.
  asyncHooks: () => import(['node', 'async_hooks'].join(':')),
  capMs: capByDeadlines,
  monotonicMs: () => performance.now(),
}
