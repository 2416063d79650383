import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type StdinOptions } from 'esbuild'
import { Miniflare } from 'miniflare'

/** A compatibility date, and flags beside it: what a Worker's owner chooses, and what decides how workerd treats promises. */
export interface Runtime {
  readonly date: string
  readonly flags: readonly string[]
}

const UNHANDLED = 'no_handle_cross_request_promise_resolution'

/** From before requests could resolve each other's promises to today, and without that by choice. */
export const runtimes: readonly Runtime[] = [
  { date: '2024-01-01', flags: [] },
  { date: '2024-10-14', flags: [UNHANDLED] },
  { date: '2026-04-01', flags: [] },
  { date: '2026-04-01', flags: [UNHANDLED, 'nodejs_compat'] },
]

/** Bundles a Worker as its owner would by plain esbuild: nothing is marked external but what workerd brings. */
export async function bundleWorker(entry: string | StdinOptions, options: BuildOptions = {}): Promise<string> {
  const { outputFiles } = await build({
    ...(typeof entry === 'string' ? { entryPoints: [entry] } : { stdin: entry }),
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker', 'browser'],
    logLevel: 'error',
    ...options,
  })
  return (outputFiles as { text: string }[]).map(({ text }) => text).join('')
}

/**
 * Bundles a Worker of the package's own sources that answers with what its routes give, as JSON.
 * @param routes a script that declares `routes`: a function for each path
 */
export async function bundleRoutes(routes: string): Promise<string> {
  const contents = `${routes}
export default {
  async fetch(request) {
    try {
      return Response.json(await routes[new URL(request.url).pathname]())
    } catch (error) {
      return new Response(error.stack, { status: 500 })
    }
  },
}`
  const alias = { '@larder/core': here('../../src/index.ts'), '#platform': here('../../src/platform/workerd.ts') }
  return bundleWorker({ contents, resolveDir: here('.') }, { alias })
}

export interface RunningWorker {
  /** Sends a request. Rejects when none is answered within `limitMs`. */
  ask(path: string, limitMs?: number): Promise<Answer>
  dispose(): Promise<void>
}

export interface Answer {
  readonly status: number
  readonly text: string
  readonly tookMs: number
}

/** How long a request may take before it counts as one that hangs. */
const LIMIT_MS = 10_000

/** Starts a bundled Worker in the real runtime. */
export async function startWorker(
  script: string,
  { date, flags }: Runtime,
  bindings: Readonly<Record<string, string>> = {},
): Promise<RunningWorker> {
  const worker = new Miniflare({
    modules: true,
    script,
    compatibilityDate: date,
    compatibilityFlags: [...flags],
    bindings,
  })
  await worker.ready
  return {
    async ask(path, limitMs = LIMIT_MS) {
      const startedMs = performance.now()
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${path} was not answered within ${limitMs} ms`)), limitMs)
      })
      try {
        const response = await Promise.race([worker.dispatchFetch(`http://worker.test${path}`), late])
        const text = await Promise.race([response.text(), late])
        return { status: response.status, text, tookMs: performance.now() - startedMs }
      } finally {
        clearTimeout(timer)
      }
    },
    dispose: () => worker.dispose(),
  }
}

export const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
