import type { LocalWorker } from '../../local/worker.js'

/** How long a request may take before it counts as one that hangs. */
const LIMIT_MS = 8_000

/** A day that no test has asked for: a key that is cold. */
let days = Date.parse('2030-01-01') / 86_400_000
export function coldDay(): string {
  return new Date(days++ * 86_400_000).toISOString().slice(0, 10)
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** What the JSON says; `undefined` for an empty body. */
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  readonly body: any
  readonly tookMs: number
}

/** Asks a Worker, over HTTP. Rejects when there is no answer within 8 s. */
export interface Client extends Pick<LocalWorker, 'logs' | 'runScheduled' | 'stop'> {
  ask(path: string, init?: RequestInit): Promise<Answer>
  /** Asks for many at once. */
  askAll(paths: readonly string[]): Promise<Answer[]>
}

export function createClient(worker: LocalWorker): Client {
  async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const startedMs = performance.now()
    const response = await fetch(worker.url + path, { signal: AbortSignal.timeout(LIMIT_MS), ...init })
    const text = await response.text()
    const tookMs = performance.now() - startedMs
    const { status, headers } = response
    return { status, headers, body: text ? JSON.parse(text) : undefined, tookMs }
  }
  return { ...worker, ask, askAll: (paths) => Promise.all(paths.map((path) => ask(path))) }
}
