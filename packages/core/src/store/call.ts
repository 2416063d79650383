import type { CallOptions } from '../adapter/adapter.js'

/** One call's {@link CallOptions}. The AbortController behind `signal` costs more than a Redis GET, so it is made on demand. */
export class Call implements CallOptions {
  #made?: AbortController

  constructor(readonly replayable: boolean) {}

  get controller(): AbortController {
    this.#made ??= new AbortController()
    return this.#made
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }
}
