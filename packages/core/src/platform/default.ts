import type { Platform } from './platform.js'

export const platform: Platform = {
  name: 'default',
  scope: () => undefined,
  idles: false,
  capMs: (limitMs) => limitMs,
  monotonicMs: () => performance.now(),
}
