// Not those of `time/`: what is shared with the rest of the package would be loaded at once with `Cached`.

/** Calls back after `pauseMs`. @param inBackground must not keep a Node process alive @returns its cancellation */
export function startTimer(callback: () => void, pauseMs: number, inBackground = false): () => void {
  const timer: unknown = setTimeout(callback, Math.min(pauseMs, 2 ** 31 - 1))
  if (inBackground) (timer as { unref?: () => void }).unref?.()
  return () => clearTimeout(timer as number)
}

export function sleep(pauseMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, pauseMs))
}
