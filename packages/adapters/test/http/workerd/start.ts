import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'

const source = (path: string) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url))

/** What is bundled. The core from its source, as in the tests in Node. */
export const sources = {
  shop: source('adapters/test/http/workerd/shop.ts'),
  alias: {
    '@larder/core': source('core/src/index.ts'),
    '@larder/core/testing': source('core/src/testing/index.ts'),
    '#platform': source('core/src/platform/workerd.ts'),
  },
}

/** A Worker in a real workerd. */
export interface Worker {
  get(path: string): Promise<{ answer?: unknown; error?: string }>
  stop(): Promise<void>
}

/** Bundles `worker.ts` as Workers get it, and starts it. */
export async function startWorker(bindings: Record<string, string>, compatibilityDate: string): Promise<Worker> {
  const { outputFiles } = await build({
    entryPoints: [source('adapters/test/http/workerd/worker.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker', 'browser'],
    alias: sources.alias,
    external: ['cloudflare:*'],
    logLevel: 'error',
  })
  const script = (outputFiles[0] as { text: string }).text
  const miniflare = new Miniflare({ modules: true, script, compatibilityDate, bindings })
  await miniflare.ready
  return {
    async get(path) {
      const response = await miniflare.dispatchFetch(`http://worker${path}`)
      return (await response.json()) as { answer?: unknown; error?: string }
    },
    stop: () => miniflare.dispose(),
  }
}
