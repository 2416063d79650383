import { capByDeadlines } from './deadlines.js'
import type { Platform } from './platform.js'

export const platform: Platform = {
  name: 'node',
  scope: () => undefined,
  idles: true,
  capMs: capByDeadlines,
  monotonicMs: () => performance.now(),
}
