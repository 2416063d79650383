import type { Platform } from './platform.js'

let waitUntil: ((promise: Promise<unknown>) => void) | undefined
// The one thing done at import time, and it does no I/O: the first request must find the hook ready, for it has to be
// called before that request's answer. Bundlers leave the name alone: esbuild because the failure is handled here.
import(/* webpackIgnore: true */ /* @vite-ignore */ 'cloudflare:workers').then(
  (runtime) => {
    waitUntil = runtime.waitUntil
  },
  () => {},
)

let tick: object | undefined

export const platform: Platform = {
  name: 'workerd',
  // One object for each tick: between two ticks another request may have had its turn, and nothing tells which one has
  // it now. What runs in one tick is one request's.
  scope() {
    if (!tick) {
      tick = {}
      queueMicrotask(() => {
        tick = undefined
      })
    }
    return tick
  },
  idles: false,
  waitUntil(promise) {
    waitUntil?.(promise)
    return !!waitUntil
  },
  capMs: (limitMs) => limitMs,
  monotonicMs: () => performance.now(),
}
