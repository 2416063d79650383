/** The longest pause that `setTimeout` takes; a longer one would fire at once. */
const MAX_PAUSE_MS = 2 ** 31 - 1

/** A timer that does not keep a Node process alive. It may fire early on very long pauses. @returns its cancellation. */
export function backgroundTimer(callback: () => void, pauseMs: number): () => void {
  const timer = setTimeout(callback, Math.min(Math.max(0, pauseMs), MAX_PAUSE_MS))
  ;(timer as { unref?: () => void }).unref?.()
  return () => clearTimeout(timer)
}

/** Resolves after `pauseMs`, or rejects with the reason of `signal` as soon as it aborts. */
export function sleep(pauseMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, pauseMs)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
