import type { CallOptions } from '../adapter/adapter.js'

/** One call's {@link CallOptions}. The AbortController behind `signal` costs more than a Redis GET, so it is made on demand. */
export class Call implements CallOptions {
  #controller: AbortController | undefined
  #aborted = false

  constructor(readonly replayable: boolean) {}

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#aborted) this.#controller.abort()
    return this.#controller.signal
  }

  abort(): void {
    this.#aborted = true
    this.#controller?.abort()
  }
}
