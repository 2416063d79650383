import type { Platform } from './platform.js'

export const platform: Platform = {
  name: 'node',
  sharesPromises: true,
  monotonicMs: () => performance.now(),
}
