import type { Platform } from './platform.js'

export const platform: Platform = {
  name: 'default',
  sharesPromises: true,
  monotonicMs: () => performance.now(),
}
