import type { Platform } from './platform.js'

type WaitUntil = (promise: Promise<unknown>) => void

let waitUntil: WaitUntil | undefined
// The one thing done at import time, and it does no I/O: the first request must find the hook ready, for it has to be
// called before that request's answer. The name is put together so that no bundler looks for a module of that name.
import(/* @vite-ignore */ /* webpackIgnore: true */ ['cloudflare', 'workers'].join(':')).then(
  (runtime: { waitUntil?: WaitUntil }) => {
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
  monotonicMs: () => performance.now(),
}
