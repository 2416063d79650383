import type { Platform } from './platform.js'

export const platform: Platform = {
  name: 'workerd',
  sharesPromises: false,
  monotonicMs: () => performance.now(),
}
